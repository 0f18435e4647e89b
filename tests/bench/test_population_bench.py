"""`napari-udt bench --population` on few spectra."""

import json

from napari_udt.bench import population
from napari_udt.cli import main


def test_figures_and_measures_are_timed_without_bootstrap_and_classifier(monkeypatch, capsys):
    monkeypatch.setattr(population, "QUICK_SPECTRA", 900)
    assert main(["bench", "--population", "--quick", "--repeats", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["spectra"] == 900
    seconds = found["seconds"]
    assert {"data summary", "Fig. 6, all structures", "all measures", "  of which wasserstein"} <= set(
        seconds
    )
    assert "  of which classifier" not in seconds
    outer = [value[0] for name, value in seconds.items() if not name.startswith(" ")]
    assert abs(found["total_s"] - sum(outer)) < 1e-9
    assert main(["bench", "--population", "--quick", "--repeats", "1"]) == 0
    printed = capsys.readouterr().out
    assert "900 spectra of 100 channels" in printed
    assert "goal 5 s: met" in printed


def test_the_scene_has_three_groups_with_all_classes():
    scene = population.population(3000)
    assert [group.part for group in scene.groups] == ["simulated", "transferred", "real"]
    assert scene.classes_in() == tuple(range(10))
