"""``napari-udt evaluate --report`` beside the tables of data sets."""

import torch
from model_specs import hsi_spec, stir

from napari_udt.cli import main
from napari_udt.models.build import build_network
from napari_udt.models.model import TransferModel
from napari_udt.models.store import save_model


def test_an_evaluation_has_a_report_of_its_rows(three_files, tmp_path, few_trees, capsys):
    torch.manual_seed(0)
    spec = hsi_spec()
    save_model(TransferModel(spec, stir(build_network(spec), 0.05)), tmp_path / spec.name)
    parts = zip(("--simulated", "--second-train", "--second-test"), three_files(), strict=True)
    words = [str(word) for pair in parts for word in pair]
    report = tmp_path / "report.html"
    words += [
        "--model",
        str(tmp_path / spec.name),
        "--baselines",
        "moments",
        "--resamples",
        "0",
        "--seeds",
        "2",
    ]
    assert main(["evaluate", *words, "-o", str(tmp_path / "r.json"), "--report", str(report)]) == 0
    assert f"{report}: written." in capsys.readouterr().out
    page = report.read_text("utf-8")
    for words in (
        "Matched moments",
        spec.name,
        "Target: digital device, untouched",
        "Table 1: trained on the row",
        "Labels kept",
        "Fig. 6 of the paper",
    ):
        assert words in page
