"""Importing models and reading their cards."""

from __future__ import annotations

import json
import os
import re
import shutil

import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QPoint, Qt, QUrl
from qtpy.QtGui import QTextDocument
from qtpy.QtWidgets import QCheckBox, QComboBox, QDialog, QTextBrowser

from napari_udt.errors import ModelError
from napari_udt.models import list_models, load_model
from napari_udt.models.importing import import_models
from napari_udt.models.store import bundled_folder
from napari_udt.viewer.transfer.widgets import card_window
from napari_udt.viewer.transfer.widgets.model_tools import ModelTools


@pytest.fixture
def own_models(monkeypatch, tmp_path):
    """An empty folder for the user's models."""
    monkeypatch.setenv("NAPARI_UDT_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def make_tools(qtbot):
    def make(*arguments):
        tools = ModelTools(QComboBox(), *arguments)
        qtbot.addWidget(tools)
        return tools

    return make


@pytest.fixture
def errors():
    """Error notifications shown during the test."""
    notification_manager.records.clear()
    yield notification_manager.records
    notification_manager.records.clear()


def test_a_published_checkpoint_becomes_an_installed_model(own_models, shared):
    found = import_models(shared / "fixtures" / "checkpoints" / "cinn_hsi_small")
    assert list(found) == ["cinn_hsi_small"]
    assert "cinn_hsi_small" in [spec.name for spec in list_models()]


def test_a_trained_model_is_taken_over_once(own_models, tmp_path):
    trained = tmp_path / "runs" / "mine"
    shutil.copytree(bundled_folder() / "hsi_unit", trained)
    spec = json.loads((trained / "model.json").read_text(encoding="utf-8")) | {"name": "mine"}
    (trained / "model.json").write_text(json.dumps(spec), encoding="utf-8")
    assert list(import_models(trained.parent)) == ["mine"]
    assert load_model("mine").spec.weights_sha256 == spec["weights_sha256"]
    assert (own_models / "mine" / "CARD.md").is_file()
    with pytest.raises(ModelError, match=re.escape(str(own_models / "mine"))):
        import_models(trained)


def test_of_several_models_all_come_or_none(own_models, tmp_path):
    spec = json.loads((bundled_folder() / "hsi_unit" / "model.json").read_text(encoding="utf-8"))
    for name in ("another", "mine"):
        shutil.copytree(bundled_folder() / "hsi_unit", tmp_path / name)
        (tmp_path / name / "model.json").write_text(json.dumps(spec | {"name": name}), encoding="utf-8")
    assert list(import_models(tmp_path / "mine")) == ["mine"]
    with pytest.raises(ModelError, match="remove that folder, or give the new model another name"):
        import_models(tmp_path)
    assert sorted(folder.name for folder in own_models.iterdir()) == ["mine"]


def test_a_folder_without_checkpoints_is_a_sentence(own_models, tmp_path):
    with pytest.raises(ModelError, match="no checkpoint here or below"):
        import_models(tmp_path)


@pytest.mark.parametrize(
    ("error", "words"),
    [(ModelError("nothing is empty."), "nothing is empty."), (ValueError("odd"), "ValueError: odd")],
)
def test_a_failure_is_one_notification(qtbot, make_tools, errors, tmp_path, error, words):
    def broken(folder):
        raise error

    tools = make_tools(broken)
    came = []
    tools.imported.connect(came.append)
    tools.import_from(tmp_path / "nothing")
    qtbot.waitUntil(tools.import_button.isEnabled, timeout=3000)
    assert [words in record.message for record in errors] == [True]
    assert came == []


def test_the_card_is_shown_as_text(make_tools, make_spec):
    tools = make_tools()
    assert not tools.card_button.isEnabled()
    assert tools.show_card() is None
    tools.set_spec(make_spec(card="# Trained on forearms\n\nNot for diagnosis."))
    dialog = tools.show_card()
    assert dialog.parent() is tools
    browser = dialog.findChild(QTextBrowser)
    assert browser.isReadOnly()
    assert browser.toPlainText().split() == ["Trained", "on", "forearms", "Not", "for", "diagnosis."]
    dialog.close()


def test_the_details_of_a_card_come_when_they_are_asked_for_and_its_picture_is_found(qtbot, make_tools):
    spec = next(spec for spec in list_models() if spec.name == "hsi_transport_dy")
    tools = make_tools()
    tools.set_spec(spec)
    window = tools.show_card()
    browser, box = window.findChild(QTextBrowser), window.findChild(QCheckBox)
    page = browser.toPlainText()
    assert "What fails" in page
    assert "Training data" not in page
    picture = browser.loadResource(QTextDocument.ResourceType.ImageResource.value, QUrl("card.png"))
    assert picture
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))
    assert "Training data" in browser.toPlainText()
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))
    assert browser.toPlainText() == page
    window.close()


def test_a_card_opens_no_file_but_its_picture(make_tools, make_spec, monkeypatch, tmp_path):
    """A pipe or a device that the card of a foreign model names would hold the window for ever."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes here")
    os.mkfifo(tmp_path / "card.png")
    monkeypatch.setattr(card_window, "find_folder", lambda name: tmp_path)
    tools = make_tools()
    tools.set_spec(make_spec(card=f"![a]({tmp_path}/card.png) ![b](card.png) ![c](/dev/zero)"))
    window = tools.show_card()
    assert not window.grab().isNull()
    window.close()


def test_a_card_without_details_has_nothing_to_unfold(make_tools, make_spec):
    tools = make_tools()
    tools.set_spec(make_spec(card="# Mine"))
    window = tools.show_card()
    assert not window.findChild(QCheckBox).isVisible()
    window.close()


def test_a_model_has_one_card_however_often_it_is_asked_for(qtbot, make_tools, make_spec):
    tools = make_tools()
    opened = []
    for name in ("mine", "mine", "yours", "mine"):
        tools.set_spec(make_spec(name, card=f"# {name}"))
        opened.append(tools.show_card())
    assert opened[0] is opened[1] is opened[3]
    assert opened[2] is not opened[0]
    with qtbot.waitSignal(opened[0].destroyed):
        opened[0].close()
    assert tools.show_card() is not opened[0]
    assert len(tools.findChildren(QDialog)) == 2
