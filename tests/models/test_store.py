"""Models on disk: whole or not at all, and damage is reported in one sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from model_specs import hsi_spec, pat_spec, stir
from safetensors.torch import load_file, save_file

from napari_udt.errors import ModelError
from napari_udt.models import list_models, load_model, save_model
from napari_udt.models.build import build_network
from napari_udt.models.model import TransferModel
from napari_udt.models.store import bundled_folder, named_models, sha256_of
from napari_udt.population.report.cards import card_text


def make_model(spec=None):
    spec = spec or hsi_spec(card="# A small model\n")
    return TransferModel(spec, stir(build_network(spec)))


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_UDT_MODELS", str(tmp_path))
    return tmp_path


@pytest.fixture
def saved(home):
    save_model(make_model(), home / "small-hsi")
    return home / "small-hsi"


def rewrite(folder, change):
    """Change the weights and give them their right hash."""
    tensors = load_file(folder / "weights.safetensors")
    change(tensors)
    save_file(tensors, folder / "weights.safetensors")
    document = json.loads((folder / "model.json").read_text())
    document["weights_sha256"] = sha256_of(folder / "weights.safetensors")
    (folder / "model.json").write_text(json.dumps(document))


@pytest.mark.parametrize("spec", [hsi_spec(card="# Card\n"), pat_spec()])
def test_a_loaded_model_is_the_same_function(home, spec):
    model = make_model(spec)
    written = save_model(model, home / spec.name)
    loaded = load_model(spec.name)
    assert loaded.spec == written == replace(spec, weights_sha256=written.weights_sha256)
    x = np.random.default_rng(0).normal(size=(2, 9) if spec.modality == "HSI" else (2, 3, 4, 8))
    for ours, theirs in zip(model.encode(x, "real"), loaded.encode(x, "real"), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_loaded_model_can_be_trained_further(saved):
    network = load_model(saved).network
    z, _ = network(torch.randn(2, 9), torch.rand(2, 5))
    z.sum().backward()
    assert network.blocks[0].subnet[0].weight.grad is not None


def test_models_are_found_by_name_and_by_path(saved):
    assert "small-hsi" in [spec.name for spec in list_models()]
    for way in ("small-hsi", str(saved), saved, saved / "model.json"):
        assert load_model(way).spec.name == "small-hsi"


def test_an_unknown_name_lists_the_known_ones(saved):
    with pytest.raises(ModelError, match=r"no model 'big'.*installed: .*small-hsi"):
        load_model("big")


def test_listing_needs_no_torch(saved):
    code = "import sys, napari_udt.models as m; assert m.list_models(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env=dict(os.environ))


def test_a_damaged_folder_does_not_hide_the_others(saved):
    (saved.parent / "broken").mkdir()
    (saved.parent / "broken/model.json").write_text("{}")
    with pytest.warns(UserWarning, match="left out: .*broken"):
        assert "small-hsi" in [spec.name for spec in list_models()]


def test_the_card_is_a_file_of_its_own(saved):
    (saved / "CARD.md").write_text("# Edited\n")
    assert load_model(saved).spec.card == "# Edited\n"


def test_a_model_is_replaced_on_purpose_only(saved):
    model = make_model(hsi_spec(title="Second"))
    with pytest.raises(ModelError, match="holds a model already"):
        save_model(model, saved)
    assert load_model(saved).spec.title == "Small HSI network"
    save_model(model, saved, overwrite=True)
    assert load_model(saved).spec.title == "Second"
    assert [path.name for path in saved.parent.iterdir()] == ["small-hsi"]


def test_a_foreign_folder_is_never_replaced(home):
    (home / "photos").mkdir()
    (home / "photos/cat.jpg").write_bytes(b"miau")
    with pytest.raises(ModelError, match="exists and is not a model"):
        save_model(make_model(), home / "photos", overwrite=True)
    assert (home / "photos/cat.jpg").read_bytes() == b"miau"


def test_a_failed_save_leaves_everything_as_it_was(saved, monkeypatch):
    before = {path.name: path.read_bytes() for path in saved.iterdir()}

    def fail(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr("safetensors.torch.save", fail)
    with pytest.raises(OSError, match="disk full"):
        save_model(make_model(), saved, overwrite=True)
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before
    assert [path.name for path in saved.parent.iterdir()] == ["small-hsi"]


def test_saved_files_are_ordinary_ones(saved):
    ordinary = saved.parent / "ordinary"
    ordinary.touch()
    assert {path.stat().st_mode for path in saved.iterdir()} == {ordinary.stat().st_mode}


def test_weights_that_are_not_finite_are_not_saved(home):
    model = make_model()
    with torch.no_grad():
        model.network.blocks[0].global_offset[0, 0] = float("nan")
    with pytest.raises(ModelError, match=r"blocks\.0\.global_offset.*not finite"):
        save_model(model, home / "bad")
    assert not list(home.iterdir())


def test_changed_weights_are_noticed(saved):
    data = bytearray((saved / "weights.safetensors").read_bytes())
    data[-1] ^= 1
    (saved / "weights.safetensors").write_bytes(data)
    with pytest.raises(ModelError, match="SHA-256 differs"):
        load_model(saved)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda t: t.pop("blocks.1.global_scale"),
            "lacks 1 of the network's tensors, among them 'blocks.1.global_scale'",
        ),
        (
            lambda t: t.update(extra=torch.zeros(1)),
            "1 tensors do not belong to the network, among them 'extra'",
        ),
        (
            lambda t: t.update({"blocks.0.subnet.0.bias": torch.zeros(9)}),
            r"'blocks.0.subnet.0.bias' is float32 \(9,\); its architecture needs float32 \(8,\)",
        ),
        (
            lambda t: t.update({"blocks.0.subnet.0.bias": torch.zeros(8, dtype=torch.float16)}),
            "is float16",
        ),
        (lambda t: t["blocks.0.subnet.0.bias"].fill_(float("inf")), "not finite"),
        (lambda t: t["blocks.2.permutation"].zero_(), "'blocks.2.permutation' is not a permutation"),
    ],
)
def test_weights_that_do_not_fit_are_refused(saved, change, message):
    rewrite(saved, change)
    with pytest.raises(ModelError, match=message):
        load_model(saved)


def test_a_huge_declared_network_takes_no_memory(saved):
    document = json.loads((saved / "model.json").read_text())
    document["architecture"] = {"blocks": 400, "conditional_blocks": 400, "width": 32768}
    (saved / "model.json").write_text(json.dumps(document))
    with pytest.raises(ModelError, match="lacks"):
        load_model(saved)


def test_a_missing_weights_file(saved):
    (saved / "weights.safetensors").unlink()
    with pytest.raises(ModelError, match="weights cannot be read"):
        load_model(saved)


def test_a_file_that_is_no_safetensors(saved):
    (saved / "weights.safetensors").write_bytes(b"PK\x03\x04 anything")
    document = json.loads((saved / "model.json").read_text())
    document["weights_sha256"] = sha256_of(saved / "weights.safetensors")
    (saved / "model.json").write_text(json.dumps(document))
    with pytest.raises(ModelError, match="not a readable safetensors file"):
        load_model(saved)


@pytest.mark.parametrize("make", ["empty", "file", "binary"])
def test_a_foreign_place_is_refused(tmp_path, make):
    place = tmp_path / "place"
    if make == "file":
        place.write_text("hello")
    else:
        place.mkdir()
    if make == "binary":
        (place / "model.json").write_bytes(bytes(range(256)))
    with pytest.raises(ModelError, match="place"):
        load_model(place)


def test_the_proposed_method_is_offered_first_and_for_pat_the_row_that_shows_something():
    names = [spec.name for spec in list_models()]
    for first in ("hsi_transport_dy", "pat_flow_dy_closed_form"):
        assert next(name for name in names if name.startswith(first[:3])) == first


def test_the_cards_of_bundled_models_follow_from_what_their_folders_hold():
    """Else: `napari-udt models --redraw napari_udt/models/bundled/NAME`."""
    for path in bundled_folder().glob("*/CARD.md"):
        assert path.read_text(encoding="utf-8") == card_text(path.parent), path.parent.name


def test_bundled_files_stay_small():
    files = [path for path in bundled_folder().rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 60e6
    pictures = [path for path in files if path.suffix == ".png"]
    assert pictures
    assert max(path.stat().st_size for path in pictures) <= 60_000


@pytest.mark.parametrize("name", ["hsi_transport_dy", "pat_flow_dy_closed_form"])
def test_loading_a_model_does_not_import_torchs_compiler(name):
    """It would bring a second LLVM into a window that is drawn by the first: the process ended there."""
    code = f"import sys; from napari_udt.models import load_model; load_model({name!r}); print('torch._dynamo' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_all_stands_for_the_installed_models_that_fit(home):
    pat = [spec for spec in list_models() if spec.modality == "PAT"]
    assert named_models(["all"], "PAT") == [spec.name for spec in pat]
    assert named_models([pat[1].name, "all"], "PAT")[0] == pat[1].name
    assert len(named_models(["all", "all"], "PAT")) == len(pat)
    assert named_models(["all"], "PAT", pat[0].wavelengths_nm) == [
        spec.name for spec in pat if spec.wavelengths_nm == pat[0].wavelengths_nm
    ]
    assert named_models(["my/folder"], "PAT", [1.0, 2.0]) == ["my/folder"]
    assert named_models([], "PAT") == []
    with pytest.raises(ModelError, match="No installed model is for HSI with these 2 wavelengths"):
        named_models(["all"], "HSI", [1.0, 2.0])
