"""`napari-udt bench`, on networks small enough for a test."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from napari_udt.bench import autoencoders, image, image_figures, networks, robustness, spectral
from napari_udt.cli import main
from napari_udt.models.image_cinn import Scale
from napari_udt.models.spectral_cinn import SpectralCINN


@pytest.fixture(autouse=True)
def small(monkeypatch):
    small_ones = [
        (name, SpectralCINN(100, 5, blocks=2, conditional_blocks=1, width=8).requires_grad_(False))
        for name in ("small", "large")
    ]
    # measuring the machine takes longer than all of the rest
    for module in (spectral, autoencoders, image_figures):
        monkeypatch.setattr(module, "matrix_peak_gflops", lambda device="cpu": 100.0)
    picture = asdict(image.bench_network("light", image.random_network([Scale(1, 8, (3, 3))]), 1))
    monkeypatch.setattr(networks, "_networks", lambda: small_ones)
    monkeypatch.setattr(networks, "QUICK_SPECTRA", 600)
    monkeypatch.setattr(autoencoders, "PUBLISHED", dict([next(iter(autoencoders.PUBLISHED.items()))]))
    monkeypatch.setattr(
        image, "bench_image", lambda repeats: {"threads": 1, "light": picture, "published": {"skipped": ""}}
    )


def test_the_tables_have_a_row_for_every_case(capsys):
    assert main(["bench", "--quick", "--repeats", "1", "--device", "cpu"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("small ") == 3
    assert printed.count("large ") == 3
    assert "spectra/s" in printed
    assert "image network" in printed
    assert "light" in printed


def test_programs_get_the_figures(capsys):
    assert main(["bench", "--quick", "--repeats", "1", "--device", "cpu", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [r["spectra"] for r in found["results"] if r["network"] == "small"] == [1, 1000, 600]
    assert all(r["max_error_of_range"] < 1e-4 for r in [*found["results"], *found["images"]])
    assert found["robustness"] == {}


def test_growth_is_reported_per_spectrum():
    network = networks._networks()[0][1]
    steps = robustness.scaling(network, (100, 200))
    assert [step["spectra"] for step in steps] == [100, 200]
    text = networks._robustness_text({"scaling": steps, "busy": {"share": 0.9}})
    assert "200: " in text
    assert "90%" in text
