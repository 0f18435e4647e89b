"""Models as one file: written, handed on, imported; and archives that nobody should trust."""

import io
import json
import shutil
import zipfile

import pytest

from napari_udt.cli import main
from napari_udt.errors import ModelError
from napari_udt.models import list_models, load_model
from napari_udt.models.archive import export_model, import_archive, is_archive
from napari_udt.models.importing import import_models, is_model
from napari_udt.models.store import bundled_folder


@pytest.fixture
def own_models(monkeypatch, tmp_path):
    """An empty folder for the user's models."""
    monkeypatch.setenv("NAPARI_UDT_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def mine(own_models, tmp_path):
    """The archive of a trained model called "mine"."""
    folder = tmp_path / "runs" / "mine"
    shutil.copytree(bundled_folder() / "hsi_unit", folder)
    spec = json.loads((folder / "model.json").read_text(encoding="utf-8")) | {"name": "mine"}
    (folder / "model.json").write_text(json.dumps(spec), encoding="utf-8")
    (folder / "judged.json").write_text("{}")
    export_model(folder, tmp_path / "mine.zip")
    return tmp_path / "mine.zip"


def changed(path, change, name="changed.zip"):
    """Write an archive anew with other entries."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path.with_name(name), "w") as archive:
        for key, content in change(entries).items():
            archive.writestr(key, content)
    return path.with_name(name)


def test_an_exported_model_comes_back_with_card_and_weights(mine, own_models, tmp_path):
    with zipfile.ZipFile(mine) as archive:
        assert archive.namelist() == [
            "model.json",
            "CARD.md",
            "weights.safetensors",
            "card.png",
            "judged.json",
            "SHA256SUMS",
        ]
    assert import_archive(mine) == "mine"
    for name in ("card.png", "judged.json"):
        assert (own_models / "mine" / name).read_bytes() == (tmp_path / "runs" / "mine" / name).read_bytes()
    original, came = load_model(tmp_path / "runs" / "mine").spec, load_model("mine").spec
    assert came == original
    assert came.card
    with pytest.raises(ModelError, match="holds a model of that name already"):
        import_archive(mine)
    assert import_archive(mine, overwrite=True) == "mine"
    assert import_archive(mine, "yours") == "yours"
    assert {"mine", "yours"} <= {spec.name for spec in list_models()}


def test_the_same_model_gives_the_same_bytes(mine, tmp_path):
    export_model(tmp_path / "runs" / "mine", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == mine.read_bytes()


def test_the_commands_export_and_import(mine, own_models, tmp_path, capsys):
    out = tmp_path / "unit.zip"
    assert main(["export-model", "hsi_unit", "-o", str(out)]) == 0
    assert main(["export-model", "hsi_unit", "-o", str(out)]) == 2
    assert "the file exists" in capsys.readouterr().err
    assert main(["export-model", "hsi_unit", "-o", str(tmp_path / "x.tar")]) == 2
    assert main(["import-model", str(mine), "--name", "theirs"]) == 0
    assert "theirs: imported" in capsys.readouterr().out
    assert main(["import-model", str(tmp_path / "runs")]) == 0
    assert sorted(path.name for path in own_models.iterdir()) == ["mine", "theirs"]


def test_an_archive_that_was_zipped_by_hand_with_its_folder_is_read(mine, own_models, tmp_path):
    inner = changed(mine, lambda entries: {f"mine/{key}": value for key, value in entries.items()})
    assert is_archive(inner)
    assert import_models(inner) == ["mine"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda e: {k: v for k, v in e.items() if k != "weights.safetensors"}, "expected one model"),
        (lambda e: e | {"other/model.json": e["model.json"]}, "expected one model"),
        (lambda e: e | {"CARD.md": b"# Better than it is"}, "CARD.md has another hash"),
        (
            lambda e: {k: v for k, v in e.items() if k != "SHA256SUMS"} | {"weights.safetensors": b"x" * 90},
            "not the weights that model.json describes",
        ),
        (lambda e: e | {"model.json": b"[]", "SHA256SUMS": b""}, "not a model of napari-udt"),
    ],
)
def test_an_archive_that_is_not_what_it_says_gets_one_sentence(mine, own_models, change, said):
    with pytest.raises(ModelError) as error:
        import_archive(changed(mine, change))
    assert said in str(error.value)
    assert not own_models.exists()


def test_entries_outside_of_the_archive_are_not_written(mine, own_models, tmp_path):
    sneaky = changed(mine, lambda entries: entries | {"../evil.txt": b"x", "/abs.txt": b"x"})
    assert import_archive(sneaky) == "mine"
    assert sorted(path.name for path in (own_models / "mine").iterdir()) == [
        "CARD.md",
        "card.png",
        "judged.json",
        "model.json",
        "weights.safetensors",
    ]
    assert not (tmp_path.parent / "evil.txt").exists()


def test_a_bomb_and_a_torn_archive_are_refused(mine, own_models, tmp_path):
    with zipfile.ZipFile(mine) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (entries | {"CARD.md": bytes(30_000_000)}).items():
            archive.writestr(name, content)
    (tmp_path / "bomb.zip").write_bytes(buffer.getvalue())
    with pytest.raises(ModelError, match=r"CARD\.md would take 30,000,000 bytes"):
        import_archive(tmp_path / "bomb.zip")
    (tmp_path / "torn.zip").write_bytes(mine.read_bytes()[:-200])
    with pytest.raises(ModelError, match="not a readable archive"):
        import_archive(tmp_path / "torn.zip")
    assert not own_models.exists()


def test_models_and_other_files_are_distinguished(mine, tmp_path):
    assert is_model(mine)
    assert is_model(tmp_path / "runs" / "mine")
    assert not is_model(tmp_path / "runs")
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("a.txt", "x")
    assert not is_model(tmp_path / "photos.zip")
    assert not is_model(tmp_path / "gone.zip")
