"""Audit of labels: flips that were put in are found, pixel by pixel."""

import numpy as np
import pytest
from flipped_labels import cube, half_flipped
from own_cubes import write_envi

from napari_udt.errors import EvaluationError
from napari_udt.population.groups import population_of_cubes
from napari_udt.population.label_audit import audit_labels


def population(looks=None):
    cubes = {
        "s": cube("s", "simulated", 1),
        "t": cube("t", "transferred", 2, looks),
        "r": cube("r", "real", 3),
    }
    parts = {"s": "simulated", "t": "transferred", "r": "real"}
    return population_of_cubes([(name, parts[name], each) for name, each in cubes.items()])


def test_what_was_flipped_is_found_and_where():
    audit = audit_labels(population(half_flipped))
    rows = {row.structure: row for row in audit.rows}
    assert rows["liver"].kept == pytest.approx(0.5, abs=0.02)
    assert rows["liver"].flipped_to == "skin"
    assert rows["liver"].flipped_share == pytest.approx(0.5, abs=0.02)
    assert rows["liver"].growth == pytest.approx(0.5, abs=0.02)
    assert rows["skin"].growth == pytest.approx(1.5, abs=0.02)
    assert rows["liver"].kept_before > 0.97
    assert rows["liver"].kept_reference > 0.97
    flips = audit.flips["t"]
    skin = audit.classes.index("skin")
    assert np.mean(flips[:12, :12] == skin) > 0.97
    assert np.mean(flips[12:] == -1) > 0.97
    assert "1 of 2 tissues lost more than a tenth of their labels" in audit.statement
    assert "50 % taken for skin" in audit.statement


def test_a_transfer_that_keeps_its_labels_is_said_to():
    audit = audit_labels(population())
    assert audit.statement.startswith("No tissue lost more than a tenth")
    assert "held out for testing" in audit.split
    assert audit.table().csv_text().count("liver") >= 1


def test_every_pixel_is_predicted_even_where_the_population_holds_some(monkeypatch):
    from napari_udt.population import groups

    monkeypatch.setattr(groups.population_of_cubes, "__kwdefaults__", {"most_per_class": 60, "seed": 0})
    some = population()
    assert len(some.part("transferred")[0]) == 120
    audit = audit_labels(some)
    assert sum(row.pixels for row in audit.rows) == 24 * 24
    assert audit.flips["t"].shape == (24, 24)


def test_subjects_of_a_collection_are_held_out(tmp_path):
    from napari_udt.collection import gather
    from napari_udt.collection.inspecting import Rules
    from napari_udt.population.of_collections import population_of_collection

    for i in range(3):
        write_envi(tmp_path / f"S{i}" / f"s{i}.hdr", i)
        write_envi(tmp_path / f"S{i}" / f"t{i}.hdr", 30 + i, domain="transferred")
        write_envi(tmp_path / f"P{i}" / f"r{i}.hdr", 10 + i, target=True)
    collection, _ = gather([tmp_path], Rules(subject_from="folder"))
    audit = audit_labels(population_of_collection(collection))
    assert audit.split.startswith("Split by subject: 1 of 3 subjects is held out")
    assert {row.pixels for row in audit.rows} == {3 * 240}
    assert audit.flips == {}


def test_without_a_transferred_cube_there_is_nothing_to_audit():
    cubes = [("s", "simulated", cube("s", "simulated", 1)), ("r", "real", cube("r", "real", 3))]
    with pytest.raises(EvaluationError, match="An audit needs a transferred cube"):
        audit_labels(population_of_cubes(cubes))


def test_progress_ends_the_work():
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        audit_labels(population(), progress=stop)


def test_the_report_draws_growth_and_flips():
    from matplotlib.figure import Figure

    from napari_udt.population.report.sections import audit_section

    audit = audit_labels(population(half_flipped))
    section = audit_section(audit)
    growth, flips = (Figure(layout="constrained") for _ in range(2))
    for drawing, canvas in zip(section.drawings, (growth, flips), strict=True):
        drawing.draw(canvas)
    assert [tick.get_text() for tick in growth.axes[0].get_yticklabels()] == [
        row.structure for row in audit.rows
    ]
    ends = [bar.get_x() + bar.get_width() for bar in growth.axes[0].patches]
    assert ends == pytest.approx([row.growth for row in audit.rows])
    (image,) = flips.axes[0].images
    assert np.array_equal(image.get_array().filled(-1), next(iter(audit.flips.values())))
    assert "skin" in [text.get_text() for text in flips.legends[0].texts]
