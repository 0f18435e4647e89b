"""The Population dock without Qt: choices, open cubes, appearance, call-outs, brushing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from napari_udt.population.appearance import appearances
from napari_udt.population.components import components
from napari_udt.population.groups import population_of_cubes
from napari_udt.population.scenes import CallOut, scenes
from napari_udt.population.selection import ALL
from napari_udt.viewer.population import call_outs as outs
from napari_udt.viewer.population import downstream
from napari_udt.viewer.population.brushing import brushed, brushed_table, moved, pixels_of, statement_of
from napari_udt.viewer.population.choices import (
    PopulationChoices,
    label_of,
    structures_of,
)
from napari_udt.viewer.population.open_population import NO_CUBES, OpenPopulation
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.state.settings import number_within, plain, settings_from


@pytest.fixture
def population(pat, transferred):
    cube = pat()
    cubes = [
        ("sim", "simulated", cube),
        ("cinn", "transferred", transferred(cube)),
        ("cinn 2", "transferred", transferred(cube, factor=0.7)),
        ("second", "real", pat("second", domain="second", origin="digital device")),
    ]
    return population_of_cubes(cubes)


# -- choices ------------------------------------------------------------------------------------------


def test_choices_survive_json_and_damage():
    choices = PopulationChoices("PAT", "vein", "l1", ("sim",))
    assert settings_from(PopulationChoices, plain(choices)) == choices
    damaged = {"modality": 3, "normalisation": "l9", "hidden": "sim", "structure": "vein", "more": 1}
    assert settings_from(PopulationChoices, damaged) == PopulationChoices(structure="vein")


def test_the_papers_normalisation_is_each_figures_own():
    assert PopulationChoices().normalised("l1") == "l1"
    assert PopulationChoices(normalisation="max").normalised("l1") == "max"


def test_the_usual_structure_is_a_vein_and_never_background(population, pat):
    names = population.class_names
    assert names[label_of(population, PopulationChoices())] == "vein"
    assert names[label_of(population, PopulationChoices(structure="artery"))] == "artery"
    assert names[label_of(population, PopulationChoices(structure="closed"))] == "vein"
    assert label_of(population, PopulationChoices(structure=ALL)) is None
    assert structures_of(population) == ("coupling medium", "vein", "artery", ALL)
    blank = population_of_cubes([("a", "real", pat(labels=None))])
    assert label_of(blank, PopulationChoices()) is None


# -- the book -----------------------------------------------------------------------------------------


def test_the_book_follows_cubes_and_roles(pat, hsi):
    session = Session()
    book = OpenPopulation(session)
    assert book.message == NO_CUBES
    session.add(pat())
    book.refresh()
    first = book.population
    assert [g.name for g in first.groups] == ["forearm"]
    book.refresh()
    assert book.population is first  # nothing has changed: nothing is gathered
    session.add(pat("second", domain="second"))
    book.refresh()
    assert book.population.reference.name == "second"
    session.set_role("second", "none")
    book.refresh()
    assert book.population.reference is None
    session.add(hsi())
    book.refresh()
    assert book.population.modality == "HSI"
    assert book.modalities == ("PAT", "HSI")
    book.choose(modality="PAT")
    assert book.population.modality == "PAT"
    for key in ("forearm", "organs"):
        session.remove(key)
    book.refresh()
    assert book.population is None
    assert book.message == NO_CUBES


def test_a_slow_gathering_never_overwrites_a_newer_one(pat):
    session, jobs = Session(), []
    book = OpenPopulation(session, jobs.append)
    session.add(pat())
    book.refresh()
    session.add(pat("second", domain="second"))
    book.refresh()
    jobs[1]()
    newest = book.population
    jobs[0]()
    assert book.population is newest
    assert len(newest.groups) == 2


def test_choices_are_kept_with_the_session(pat):
    session = Session()
    book = OpenPopulation(session)
    book.choose(structure="artery", normalisation="l1")
    book.keep("pictures", {"wavelength_nm": 730.0})
    later = Session()
    later.settings = {name: dict(kept) for name, kept in session.settings.items()}
    restored = OpenPopulation(later)
    assert restored.choices.structure == "artery"
    assert restored.settings_of("pictures") == {"wavelength_nm": 730.0}
    later.settings["population"]["tabs"] = {"pictures": 5}
    assert restored.settings_of("pictures") == {}


def test_a_forgotten_population_is_gathered_again(pat):
    session = Session()
    session.add(pat())
    book = OpenPopulation(session)
    book.refresh()
    book.forget()
    assert book.population is None
    book.refresh()
    assert book.population is not None


# -- appearance --------------------------------------------------------------------------------------------


def test_looks_are_honest_and_differ(population):
    group_appearances = appearances(population)
    assert group_appearances["sim"].short == "simulated"
    assert group_appearances["second"].short == "target: digital device"
    assert group_appearances["second"].title == "target (digital device): second"
    assert (group_appearances["cinn"].short, group_appearances["cinn 2"].short) == (
        "m: cinn",
        "m: cinn 2",
    )
    assert group_appearances["cinn"].style.colour == "#00CC96"
    assert group_appearances["cinn 2"].style.colour != "#00CC96"
    assert group_appearances["cinn"].title == "transferred by m: cinn"


# -- call-outs ----------------------------------------------------------------------------------------


def test_call_outs_are_placed_named_moved_and_taken_away(population):
    picture = scenes(population).pictures[0]
    found = outs.placed((), picture, 5, 7)
    found = outs.placed(found, picture, 9, 9)
    assert [one.text for one in found] == ["1", "2"]
    assert found[0].size == round(0.14 * 32)
    found = outs.changed(found, 0, text=" a vessel ", size=10_000)
    assert (found[0].text, found[0].size) == ("a vessel", outs.LARGEST)
    assert outs.inside(CallOut("sim", -4, 999), picture) == CallOut("sim", 0, 63)
    assert [one.text for one in outs.without(found, [0])] == ["2"]
    assert outs.placed(outs.without(found, [0]), picture, 1, 1)[-1].text == "1"
    assert outs.call_outs_from([one.plain() for one in found]) == found
    assert outs.call_outs_from([{"picture": 3}, {"row": "x"}, 7, CallOut("sim", 1, 2).plain()]) == (
        CallOut("sim", 1, 2),
    )
    assert outs.call_outs_from(None) == ()


@pytest.mark.parametrize(
    ("count", "aspect", "width", "height", "columns"),
    [(3, 2.0, 400, 900, 1), (3, 1.0, 900, 250, 3), (4, 1.0, 500, 500, 2), (1, 1.0, 100, 900, 1)],
)
def test_pictures_come_out_as_large_as_can_be(count, aspect, width, height, columns):
    assert outs.best_columns(count, aspect, width, height) == columns


# -- brushing -----------------------------------------------------------------------------------------


def test_brushed_spectra_are_those_inside_and_lead_to_their_pixels(population):
    figure = components(population, population.class_names.index("vein"))
    everything = np.array([(-9, -9), (9, -9), (9, 9), (-9, 9)], float)
    found = brushed(figure, everything, hidden=("cinn",))
    assert [one.name for one in found] == ["sim", "cinn 2", "second"]
    assert all(one.share == 1 for one in found)
    cube = population.groups[0].cube
    rows, columns = pixels_of(found)["sim"].T
    assert {cube.label_names[label] for label in cube.labels[rows, columns]} == {"vein"}
    assert len(rows) == np.count_nonzero(cube.labels == 5)
    spectra = cube.data[rows, columns]
    expected = (spectra / np.linalg.norm(spectra, axis=1, keepdims=True)).mean(axis=0)
    np.testing.assert_allclose(found[0].statistics.centre, expected, rtol=1e-5)
    titles = {one.name: one.name for one in found}
    assert statement_of(found, titles).startswith("Brushed: 40 of 40 sim (100.0%)")
    assert statement_of((), titles) == "No spectrum lies inside the outline."
    assert len(brushed_table(figure, found, population.wavelengths_nm).rows) == 3 * 16
    assert brushed(figure, everything + 100) == ()


def test_outlines_move_and_grow():
    square = np.array([(0, 0), (2, 0), (2, 2), (0, 2)], float)
    np.testing.assert_allclose(moved(square, 1, -1), square + np.array([1, -1]))
    np.testing.assert_allclose(moved(square, 0, 0, 2), [(-1, -1), (3, -1), (3, 3), (-1, 3)])


@pytest.mark.parametrize("odd", [None, [], {}, [[1]], "x", 10**400, math.nan, True])
def test_odd_settings_of_tabs_keep_their_defaults(odd):
    assert downstream.form_from({"rule": odd, "seeds": odd, "classes": odd and [odd]}).rule is None
    assert (
        outs.call_outs_from([{"picture": "a", "row": odd, "column": 10**400, "size": odd, "text": "1"}]) == ()
    )
    session = Session()
    session.settings["population"] = {"tabs": odd}
    population = OpenPopulation(session)
    assert population.settings_of("depth") == {}
    population.keep("depth", {"bin_mm": 1.0})
    assert population.settings_of("depth") == {"bin_mm": 1.0}


def test_stored_numbers_are_brought_within_limits():
    found = [number_within(n, 1, 5) for n in (3, 10**400, -math.inf, math.nan, True, "3", None, [3])]
    assert found == [3, 5, 1, None, None, None, None, None]
