"""What opening a file costs: its format is found out once, and each model's specification is validated once."""

from __future__ import annotations

import numpy as np
import pytest

from napari_udt import list_models, save_cube
from napari_udt.io.generic import own
from napari_udt.models import store
from napari_udt.models.spec import ModelSpec
from napari_udt.viewer.files.opening import open_files
from napari_udt.viewer.state.session import Session


@pytest.fixture
def sniffed(monkeypatch):
    """Paths that were sniffed, in order: our own format is asked first about every file."""
    paths, sniff = [], own.sniff
    monkeypatch.setattr(own, "sniff", lambda path: paths.append(path) or sniff(path))
    return paths


@pytest.fixture
def validated(monkeypatch):
    """Specifications that were validated, in a program that has just started."""
    found, from_json = [], ModelSpec.from_json.__func__
    monkeypatch.setattr(store, "_read", {})

    def counted(cls, text, where=""):
        found.append(where)
        return from_json(cls, text, where=where)

    monkeypatch.setattr(ModelSpec, "from_json", classmethod(counted))
    return found


def test_a_file_is_sniffed_once(tmp_path, pat, sniffed):
    path = tmp_path / "arm.udt.h5"
    save_cube(pat(), path)
    session = Session()
    assert open_files(session, [path]) == []
    assert (len(session), sniffed) == (1, [path])


def test_a_file_that_raises_a_question_is_sniffed_once(tmp_path, sniffed):
    path, questions = tmp_path / "array.npy", []
    np.save(path, np.random.default_rng(0).random((6, 8, 5)))
    assert open_files(Session(), [path], ask=questions.append) == []
    assert ([question.format for question in questions], sniffed) == (["numpy"], [path])


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_dropped_files_are_sniffed_once_and_models_validated_once(
    make_napari_viewer, tmp_path, pat, hsi, sniffed, validated
):
    from napari_udt.viewer.app import furnish

    paths = [tmp_path / "arm.udt.h5", tmp_path / "organs.udt.h5"]
    for path, cube in zip(paths, (pat(), hsi()), strict=True):
        save_cube(cube, path)
    window = furnish(make_napari_viewer(show=True))
    for path in paths:
        window.viewer.window._qt_viewer._qt_open([str(path)], stack=False)
    window.context.session.set_role("arm", "none")
    assert len(window.context.session) == 2
    assert sniffed == paths
    assert len(validated) == len(set(validated)) == len(list_models())


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_naparis_own_way_sniffs_once(make_napari_viewer, tmp_path, pat, sniffed):
    from napari_udt.viewer.contributions import get_reader

    path = tmp_path / "arm.udt.h5"
    save_cube(pat(), path)
    assert len(get_reader(str(path))(str(path))) == 2  # picture and structures
    assert sniffed == [path]


def test_a_specification_that_was_written_anew_is_read_again(tmp_path, make_spec, monkeypatch, validated):
    from dataclasses import replace

    monkeypatch.setenv(store.MODELS_VARIABLE, str(tmp_path))
    folder = tmp_path / "mine"
    folder.mkdir()
    for title in ("first", "second", "second"):
        (folder / store.SPEC).write_text(replace(make_spec(name="mine"), title=title, card="").to_json())
        assert [spec.title for spec in list_models() if spec.name == "mine"] == [title]
    bundled = len(list_models()) - 1
    before = len(validated)
    (folder / store.CARD).write_text("The card of the model.")
    assert [spec.card for spec in list_models() if spec.name == "mine"] == ["The card of the model."]
    assert len(validated) == before + 1
    assert len([where for where in validated if "mine" not in where]) == bundled
