"""Functional indices of groups: medians of images, means of subjects, and what a transfer moved."""

import numpy as np
import pytest
from layer_reflectance import NM, reflectance

from napari_udt.population.functional import functional
from napari_udt.population.groups import Group, Population
from napari_udt.spectral.functional_indices import STO2
from napari_udt.viewer.population.measures import Numbers, lines_of


def group(name, part, saturations, images=2, first=0):
    """A group with one spectrum repeated in each image of each subject, some saturation per subject."""
    spectra = np.concatenate([np.repeat(reflectance(s), 5 * images, axis=0) for s in saturations])
    subjects = np.repeat(np.arange(len(saturations)), 5 * images)
    return Group(
        name,
        part,
        "test",
        spectra.astype(np.float32),
        np.zeros(len(spectra), np.int16),
        subjects=first + subjects,
        images=np.repeat(np.arange(images * len(saturations)), 5),
    )


def rows_of(*groups):
    population = Population("HSI", NM, ("liver",), groups)
    return {row.group: row for row in functional(population).rows if row.index is STO2}, functional(
        population
    )


def test_values_are_over_subjects():
    real = group("r", "real", (0.5, 0.7, 0.9))
    rows, _ = rows_of(group("s", "simulated", (0.6, 0.6)), real)
    alone = [rows_of(group("x", "real", (s,)))[0]["x"].value for s in (0.5, 0.7, 0.9)]
    assert rows["r"].value == pytest.approx(np.mean(alone), rel=1e-4)
    assert rows["r"].spread == pytest.approx(np.std(alone, ddof=1), rel=1e-3)
    assert (rows["r"].subjects, rows["s"].subjects) == (3, 2)


@pytest.mark.parametrize(
    ("after", "more", "nearer"),
    [((0.72, 0.72), True, True), ((0.41, 0.41), False, True), ((0.1, 0.1), True, False)],
)
def test_a_move_is_measured_by_what_subjects_differ(after, more, nearer):
    rows, found = rows_of(
        group("s", "simulated", (0.4, 0.4)),
        group("t", "transferred", after),
        group("r", "real", (0.65, 0.7, 0.75), first=9),
    )
    assert (rows["t"].times > 1) == more
    assert rows["t"].nearer == nearer
    assert ("more than subjects differ" in rows["t"].note) == more
    assert "functional indices moved by more than the reference's subjects differ" in found.statement
    assert found.table().csv_text().count("liver") == len(found.rows)


def test_with_too_few_subjects_nobody_can_tell():
    rows, found = rows_of(
        group("s", "simulated", (0.4,)),
        group("t", "transferred", (0.7,)),
        group("r", "real", (0.6, 0.7), first=9),
    )
    assert np.isnan(rows["t"].times)
    assert "how much subjects differ is not known" in rows["t"].note
    assert found.statement == ""


def test_the_metrics_tab_has_a_line_for_each_index():
    from napari_udt.population.measures import MeasureOptions, measure

    population = Population(
        "HSI", NM, ("liver",), (group("s", "simulated", (0.4, 0.5)), group("r", "real", (0.6, 0.7), first=9))
    )
    numbers = Numbers(
        measure(population, MeasureOptions(measures=("mae",), resamples=0)), indices=functional(population)
    )
    lines = {line.measure.key: line for line in lines_of(numbers)}
    line = lines["index_sto2"]
    assert line.structure == "liver"
    assert set(line.numbers) == {"s"}
    assert line.numbers["s"].low < line.numbers["s"].value < line.itself.value


def test_a_picture_shows_what_moved_by_more_than_subjects_differ():
    from napari_udt.population.report.draw_indices import indices_drawing

    groups = (
        group("s", "simulated", (0.4, 0.4)),
        group("t", "transferred", (0.72, 0.72)),
        group("r", "real", (0.65, 0.7, 0.75), first=9),
    )
    rows, found = rows_of(*groups)
    (move,) = found.moves(STO2)
    assert (move.before, move.after) == pytest.approx((rows["s"].value, rows["t"].value))
    assert (move.reference, move.spread) == (rows["r"].value, rows["r"].spread)
    assert move.outcome == "more, nearer"
    assert rows_of(groups[0], groups[2])[1].indices == ()
    assert indices_drawing(rows_of(groups[0], groups[2])[1]) is None
    assert rows_of(*groups[:2])[1].moves(STO2)[0].outcome == "not known"

    from matplotlib.figure import Figure

    canvas = Figure()
    indices_drawing(found).draw(canvas)
    assert [axis.get_title() for axis in canvas.axes][2] == "StO₂ (Tivita)"
