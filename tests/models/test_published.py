"""Checkpoints in the published layout give the numbers of the authors' code.

The expected numbers were made with the authors' code and the FrEIA version that it pins.
"""

from __future__ import annotations

import copy
import shutil

import numpy as np
import pytest
import torch
import yaml

from napari_udt.errors import ModelError
from napari_udt.models import list_models, load_model
from napari_udt.models.published import import_model, read_published

NAMES = ["cinn_hsi_small", "cinn_pat_small", "cyclegan_hsi_small", "unit_hsi_domain", "unit_pat_small"]
DOMAINS = {"a": "simulated", "b": "real"}


@pytest.fixture(scope="session")
def checkpoints(shared):
    return shared / "fixtures/checkpoints"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_UDT_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def folder(checkpoints, tmp_path):
    """Return a function that copies one fixture to where it may be changed."""

    def copied(name):
        target = tmp_path / name
        target.mkdir()
        for source in ("config.yaml", "model_checkpoint.ckpt"):
            shutil.copyfile(checkpoints / name / source, target / source)
        return target

    return copied


def transfers(folder):
    """Every recorded transfer: tag, input, source, target, and the two recorded conditions (lists)."""
    with np.load(folder / "inputs.npz") as inputs, np.load(folder / "expected.npz") as expected:
        values = {key: torch.from_numpy(expected[key]) for key in expected}
        for tag in (key.removesuffix("_f64") for key in expected if key.endswith("_f64")):
            x = torch.from_numpy(inputs[f"x_{tag[0]}" + ("_s1" if "_s1" in tag else "")])
            conditions = [
                [values[key] for key in sorted(values) if key.startswith(f"{tag}_cond{step}_")]
                for step in (0, 1)
            ]
            yield tag, x, DOMAINS[tag[0]], DOMAINS[tag[2]], conditions, values


def run(model, network, x, source, target, conditions):
    """One transfer through a network with the recorded conditions: (transferred, z, log_det)."""
    encoding, decoding = ([c.to(x.dtype) for c in condition] for condition in conditions)
    if model.spec.kind == "cinn":
        if model.spec.modality == "HSI":
            (encoding,), (decoding,) = encoding, decoding
        z, log_det = network(x, encoding)
        return network.inverse(z, decoding)[0], z, log_det
    z = network.encode(x, source, encoding[0] if encoding else None)
    latent = z + decoding[0] if decoding else z  # the noise that the authors' code adds
    return network.decode(latent, target), None, None


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_transfer_agrees(checkpoints, name):
    model = read_published(checkpoints / name)
    count = 0
    for tag, x, source, target, conditions, values in transfers(checkpoints / name):
        with torch.no_grad():
            y, z, log_det = run(model, model.network, x, source, target, conditions)
        exact = values[f"{tag}_f64"]
        extent = exact.max() - exact.min()
        tolerance = max(2e-5, 10 * float((values[tag] - exact).abs().max() / extent))
        assert float((y - exact).abs().max() / extent) <= tolerance, tag
        if z is not None:
            torch.testing.assert_close(z, values[f"{tag}_z"], rtol=1e-5, atol=2e-5)
            torch.testing.assert_close(log_det, values[f"{tag}_logdet"], rtol=1e-5, atol=1e-3)
        count += 1
    assert count >= 5


@pytest.mark.parametrize("name", NAMES)
def test_in_double_precision_only_the_rounding_of_stored_weights_remains(checkpoints, name):
    """Auto-encoders of spectra are stored multiplied out, rounded to float32; the others as they were."""
    model = read_published(checkpoints / name)
    network = copy.deepcopy(model.network).double()
    tag, x, source, target, conditions, values = next(transfers(checkpoints / name))
    with torch.no_grad():
        y, _, _ = run(model, network, x.double(), source, target, conditions)
    tolerance = 1e-6 if "Linear" in repr(network) and model.spec.kind != "cinn" else 1e-13
    extent = values[f"{tag}_f64"].max() - values[f"{tag}_f64"].min()
    assert float((y - values[f"{tag}_f64"]).abs().max() / extent) < tolerance


@pytest.mark.parametrize("name", NAMES)
def test_the_model_interface_gives_the_recorded_mean_transfer(checkpoints, name):
    """From raw values and labels to raw values, where the recorded run used the expected conditions."""
    model = read_published(checkpoints / name)
    with (
        np.load(checkpoints / name / "inputs.npz") as inputs,
        np.load(checkpoints / name / "expected.npz") as e,
    ):
        labels = inputs["label_index_a"] if "label_index_a" in inputs else inputs["segmentation_a"]
        x = model.normalise(inputs["raw_a"], "simulated") if "raw_a" in inputs else inputs["x_a"]
        np.testing.assert_allclose(x, inputs["x_a"], atol=1e-5)
        z, log_det = model.encode(x, "simulated", labels)
        moved = model.denormalise(model.decode(z, "real", labels), "real")
        extent = np.ptp(e["a2b_mean_denorm"])
        np.testing.assert_allclose(moved, e["a2b_mean_denorm"], atol=2e-5 * extent)
        if model.spec.kind == "cinn":
            np.testing.assert_allclose(log_det, e["a2b_mean_logdet"], rtol=1e-4)
        else:
            assert np.isnan(log_det).all()
            with pytest.raises(ModelError, match="has no likelihood"):
                model.log_likelihood(x, "simulated", labels)
            with pytest.raises(ModelError, match="no domain between"):
                model.encode(x, 0.5, labels)


def test_a_tree_of_checkpoints_is_imported_and_works_afterwards(checkpoints, home):
    assert sorted(import_model(checkpoints)) == NAMES
    assert set(NAMES) <= {spec.name for spec in list_models()}
    for name in NAMES:
        assert sorted(p.name for p in (home / name).iterdir()) == [
            "CARD.md",
            "model.json",
            "weights.safetensors",
        ]
        before, after = read_published(checkpoints / name), load_model(name)
        assert after.spec.source.startswith("Imported")
        with np.load(checkpoints / name / "inputs.npz") as inputs:
            z = before.encode(inputs["x_b"], "real")[0]
            np.testing.assert_array_equal(after.encode(inputs["x_b"], "real")[0], z)


def test_what_the_tensors_and_the_configuration_tell(checkpoints):
    spec = read_published(checkpoints / "cinn_hsi_small").spec
    assert spec.architecture == {
        "blocks": 6,
        "conditional_blocks": 4,
        "width": 32,
        "clamp": 1.0,
        "initial_scale": 0.7,
    }
    assert spec.class_names[6] == "small_bowel"
    assert (spec.condition, spec.spectrum_norm, spec.label_noise_level) == ("class", "l2", 0.5)
    assert spec.statistics == {"simulated": (0.0949, 0.0315), "real": (0.0943, 0.0332)}
    assert spec.wavelengths_nm == tuple(np.linspace(500, 1000, 100))
    assert "/somewhere" not in spec.to_json()
    pat = read_published(checkpoints / "cinn_pat_small").spec
    assert [s["width"] for s in pat.architecture["scales"]] == [256, 256, 144, 528, 256]
    assert pat.class_names[5:] == ("vein", "artery")
    assert "assumed" in pat.training["wavelengths"]
    unit = read_published(checkpoints / "unit_hsi_domain").spec
    assert unit.architecture == {"hidden": 40, "latent": 6, "activation": "relu"}
    assert (unit.kind, unit.condition) == ("unit", "none")


def test_sizes_come_from_the_tensors_not_from_the_configuration(folder):
    place = folder("cinn_hsi_small")
    config = yaml.safe_load((place / "config.yaml").read_text())
    config.update(n_blocks=40, n_conditional_blocks=30, n_hidden=512)
    (place / "config.yaml").write_text(yaml.safe_dump(config))
    assert read_published(place).spec.architecture["blocks"] == 6


def test_without_label_noise_the_domain_keeps_its_own(folder):
    place = folder("cinn_hsi_small")
    config = yaml.safe_load((place / "config.yaml").read_text())
    (place / "config.yaml").write_text(yaml.safe_dump(config | {"label_noise": False}))
    spec = read_published(place).spec
    assert (spec.label_noise_level, spec.domain_noise) == (0.0, 0.1)


def test_permutations_as_index_vectors(folder):
    """Later versions of FrEIA store them so."""
    place = folder("cinn_hsi_small")
    expected = read_published(place)

    def as_indices(state):
        for key in [key for key in state if "w_perm" in key]:
            state[key] = state[key].argmax(dim=1)

    change_state(place, as_indices)
    found = read_published(place)
    x = np.random.default_rng(0).normal(size=(3, 100)).astype(np.float32)
    np.testing.assert_array_equal(found.encode(x, "real")[0], expected.encode(x, "real")[0])


def change_state(place, change):
    path = place / "model_checkpoint.ckpt"
    content = torch.load(path, weights_only=True)
    change(content["state_dict"])
    torch.save(content, path)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("cinn_hsi_small", lambda s: s.pop("model.module_list.2.w_perm"), "do not make a whole network"),
        (
            "cinn_hsi_small",
            lambda s: s.pop("model.module_list.2.subnet.0.bias"),
            "lacks 1 of the network's tensors",
        ),
        ("cinn_hsi_small", lambda s: s["model.module_list.2.global_offset"].fill_(torch.nan), "not finite"),
        ("cinn_hsi_small", lambda s: s["model.module_list.2.w_perm"].fill_(0.1), "more than a permutation"),
        (
            "cinn_hsi_small",
            lambda s: s["model.module_list.2.w_perm"].copy_(torch.eye(100)[[0] * 100]),
            "permutation",
        ),
        (
            "cinn_hsi_small",
            lambda s: s.update({"model.module_list.1.subnet.0.bias": torch.zeros(9)}),
            r"is float32 \(9,\); its architecture needs float32 \(32,\)",
        ),
        ("cinn_hsi_small", lambda s: s.pop("model.module_list.0.global_scale"), "neither a cINN nor"),
        ("cinn_hsi_small", lambda s: s.pop("model.module_list.3.global_scale"), "module 3 .* is missing"),
        ("cinn_pat_small", lambda s: s.pop("model.module_list.4.haar_weights"), "module 4 .* is missing"),
        (
            "cinn_hsi_small",
            lambda s: s.update({"model.module_list.1.subnet.0.bias": torch.zeros(32, dtype=torch.complex64)}),
            "not plain arrays of real numbers",
        ),
        ("unit_hsi_domain", lambda s: s.pop("gen_b.Encoder.fc_mu.bias"), "do not make a whole network"),
        (
            "unit_hsi_domain",
            lambda s: s.update({"gen_b.Decoder.model.1.weight": torch.zeros(3, 3)}),
            "do not make a whole network",
        ),
        (
            "unit_pat_small",
            lambda s: s.pop("gen_b.dec.model.5.convolution.weight"),
            "do not make a whole network",
        ),
    ],
)
def test_damaged_checkpoints_are_refused_by_name(folder, name, change, message):
    place = folder(name)
    change_state(place, change)
    with pytest.raises(ModelError, match=message) as caught:
        read_published(place)
    assert str(place) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not the configuration of a model"),
        ("a: [", "not a readable configuration"),
        ("data: 3", "not the configuration of a model"),
        ("data: {}", "mean_a, std_a, mean_b and std_b are missing"),
        ("data: {mean_a: x, std_a: 1, mean_b: 0, std_b: 1}", "missing or no numbers"),
        ("data: {log: true}", "logarithms"),
        ("!!python/object/apply:os.system ['true']", "not a readable configuration"),
        ("data: {when: 2024-02-31}", "not a readable configuration"),
        ("data: " + 5000 * "[", "not a readable configuration"),
        ("data: " + 6000 * "9", "not a readable configuration"),
    ],
)
def test_damaged_configurations_are_refused_by_name(folder, text, message):
    place = folder("cinn_hsi_small")
    (place / "config.yaml").write_text(text)
    with pytest.raises(ModelError, match=message) as caught:
        read_published(place)
    assert "config.yaml" in str(caught.value)


def test_one_damaged_checkpoint_does_not_stop_the_others(folder, home, tmp_path):
    folder("unit_hsi_domain")
    (folder("cinn_hsi_small") / "model_checkpoint.ckpt").write_bytes(b"broken")
    with pytest.warns(UserWarning, match="left out: .*cinn_hsi_small"):
        assert import_model(tmp_path) == ["unit_hsi_domain"]


def test_names(folder, home, tmp_path):
    place = folder("unit_hsi_domain")
    assert import_model(place, name="mine") == ["mine"]
    with pytest.raises(ModelError, match="holds a model already"):
        import_model(place, name="mine")
    assert import_model(place, name="mine", overwrite=True) == ["mine"]
    shutil.copytree(place, tmp_path / "other/unit_hsi_domain")
    with pytest.raises(ModelError, match="holds 2 checkpoints; a name"):
        import_model(tmp_path, name="mine")
    assert len(set(import_model(tmp_path))) == 2


def test_a_place_without_checkpoints(tmp_path, home):
    with pytest.raises(ModelError, match="no checkpoint here or below"):
        import_model(tmp_path)


def test_the_command(folder, home, capsys):
    import argparse

    from napari_udt.cli import import_model as import_command

    parser = argparse.ArgumentParser()
    import_command.add_arguments(parser)
    assert import_command.run(parser.parse_args([str(folder("unit_hsi_domain")), "--name", "unit"])) == 0
    assert "unit: imported into" in capsys.readouterr().out
    assert load_model("unit").spec.kind == "unit"


def test_the_command_names_what_it_leaves_out(folder, home, tmp_path, capsys):
    from napari_udt.cli import main

    folder("unit_hsi_domain")
    (folder("cinn_hsi_small") / "model_checkpoint.ckpt").write_bytes(b"broken")
    assert main(["import-model", str(tmp_path)]) == 3
    printed = capsys.readouterr()
    assert "unit_hsi_domain: imported into" in printed.out
    assert printed.err.count("\n") == 1
    assert "left out: " in printed.err
    assert "cinn_hsi_small" in printed.err
