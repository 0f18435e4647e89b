"""The transfer as an ONNX graph, and the description of a model zoo."""

import hashlib
import io
import json
import sys
import zipfile

import numpy as np
import pytest
import torch
import yaml

from napari_udt.cli import main
from napari_udt.errors import ModelError
from napari_udt.models import load_model
from napari_udt.models.archive import export_model, import_archive


@pytest.fixture
def runtime():
    pytest.importorskip("onnx")
    return pytest.importorskip("onnxruntime")


def run(runtime, graph, **given):
    session = runtime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return session.run(None, given)[0]


@pytest.mark.parametrize("name", ["hsi_unit_y", "hsi_cinn_dy", "hsi_transport_dy"])
def test_the_graph_gives_what_the_model_gives_for_any_number_of_spectra(name, runtime, tmp_path):
    export_model(name, tmp_path / "model.zip", onnx=True)
    with zipfile.ZipFile(tmp_path / "model.zip") as archive:
        graph, record = archive.read("transfer.onnx"), json.loads(archive.read("transfer.onnx.json"))
        sums = dict(line.split()[::-1] for line in archive.read("SHA256SUMS").decode().splitlines())
    assert sums["transfer.onnx"] == hashlib.sha256(graph).hexdigest()
    assert record["largest_difference"] < 1e-6
    model = load_model(name)
    labels = torch.tensor([0, 3, -1, 9, 1])
    codes = torch.zeros(5, len(model.spec.wavelengths_nm)) if model.spec.kind == "cinn" else None
    normal = torch.zeros(5, 100) if codes is None else model.decode(codes, "simulated", labels)
    values = model.denormalise(normal, "simulated")
    wanted = model.denormalise(
        model.translate(model.normalise(values, "simulated"), "simulated", "real", labels), "real"
    )
    found = run(runtime, graph, spectra=values.numpy(), labels=labels.numpy())
    np.testing.assert_allclose(found, wanted.numpy(), atol=1e-6)


def test_an_image_model_has_a_graph_of_one_size(runtime, tmp_path):
    export_model("pat_unit_y", tmp_path / "model.zip", onnx=True)
    with zipfile.ZipFile(tmp_path / "model.zip") as archive:
        record = json.loads(archive.read("transfer.onnx.json"))
    assert record["checked_on"] == [1, 16, 128, 64]
    assert record["largest_difference"] < 1e-4 * record["largest_value"]


def test_the_description_names_files_axes_authors_and_hashes(runtime, tmp_path, monkeypatch):
    path = tmp_path / "model.zip"
    assert main(["export-model", "hsi_unit_y", "-o", str(path), "--author", "A. Person"]) == 0
    with zipfile.ZipFile(path) as archive:
        found = yaml.safe_load(archive.read("rdf.yaml"))
        content = {name: archive.read(name) for name in archive.namelist()}
    assert found["authors"] == [{"name": "A. Person"}]
    assert found["license"] == "MIT"
    spectra, labels = found["inputs"]
    assert spectra["axes"][1]["channel_names"][0] == "500 nm"
    assert labels["data"]["values"] == list(range(-1, 10))
    for entry in (*found["inputs"], *found["outputs"]):
        file = entry["test_tensor"]
        assert hashlib.sha256(content[file["source"]]).hexdigest() == file["sha256"]
    arrays = {
        entry["id"]: np.load(io.BytesIO(content[entry["test_tensor"]["source"]]))
        for entry in (*found["inputs"], *found["outputs"])
    }
    graph = content[found["weights"]["onnx"]["source"]]
    again = run(runtime, graph, spectra=arrays["spectra"], labels=arrays["labels"])
    np.testing.assert_allclose(again, arrays["transferred"], atol=1e-5)
    monkeypatch.setenv("NAPARI_UDT_MODELS", str(tmp_path / "models"))
    assert import_archive(path, "mine") == "mine"  # what is not the model's own stays in the archive
    assert not (tmp_path / "models" / "mine" / "transfer.onnx").exists()


def test_what_is_missing_is_said_and_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ModelError, match=r"needs the packages onnx and onnxruntime .*napari-udt\[onnx\]"):
        export_model("hsi_unit_y", tmp_path / "model.zip", onnx=True)
    assert not (tmp_path / "model.zip").exists()


def test_a_model_that_is_no_fixed_graph_is_refused(runtime, tmp_path):
    with pytest.raises(ModelError, match=r"pat_flow_dy_closed_form: .*; export without ONNX"):
        export_model("pat_flow_dy_closed_form", tmp_path / "model.zip", onnx=True)
    assert not (tmp_path / "model.zip").exists()
