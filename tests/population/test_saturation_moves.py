"""Level and order of the oxygen saturation are told apart, against saturations that were put in."""

from dataclasses import replace

import numpy as np
import pytest
from populations import make_cube

from napari_udt.population.groups import population_of_cubes
from napari_udt.population.oxygenation import large_moves, oxygenations
from napari_udt.population.saturation_moves import large_moves_sentence, saturation_moves
from napari_udt.spectral.chromophores import absorption
from napari_udt.spectral.unmixing import unmix_spectra

NM = np.arange(700.0, 851.0, 10.0)
ROWS, COLUMNS = 20, 30
TRUTH = np.linspace(0.5, 0.9, ROWS * COLUMNS).reshape(ROWS, COLUMNS)


def blood(saturation):
    """Photoacoustic spectra of blood of these saturations."""
    table = absorption()
    oxy, deoxy = (table.at(name, NM) for name in ("HbO2", "Hb"))
    return (saturation[..., None] * oxy + (1 - saturation[..., None]) * deoxy).astype(np.float32)


def transferred(data):
    return make_cube("moved", "transferred", oxygenation=None, provenance={"source": {"name": "sim"}}).with_(
        data=data
    )


def population(after, truth=TRUTH):
    truth = None if truth is None else truth.astype(np.float32)
    simulated = make_cube("sim", oxygenation=truth).with_(data=blood(TRUTH))
    real = make_cube("real", "second", oxygenation=None).with_(data=blood(TRUTH))
    cubes = [("sim", "simulated", simulated), ("moved", "transferred", transferred(blood(after)))]
    return population_of_cubes([*cubes, ("real", "real", real)])


def move(after, **fields):
    """The move of all pixels together."""

    def estimate(spectra):
        return unmix_spectra(spectra, NM, "PAT").oxygenation

    (found,) = saturation_moves(population(after, **fields), None, "all spectra", estimate, 10_000)
    return found


def test_a_shift_moves_the_level_and_keeps_the_order():
    found = move(TRUTH + 0.08)
    assert found.after - found.before == pytest.approx(0.08, abs=0.005)
    assert found.level == "level moved by +8 points, away from what was simulated"
    assert found.truth_rank_after == pytest.approx(1, abs=1e-3)
    assert "rank correlation with what was simulated 1.00 → 1.00" in found.order


def test_a_shuffle_keeps_the_level_and_loses_the_order():
    shuffled = np.random.default_rng(0).permutation(TRUTH.reshape(-1)).reshape(TRUTH.shape)
    found = move(shuffled, truth=None)
    assert found.level == "no clear change of the level"
    assert found.order.startswith("order of the pixels lost (rank correlation before and after")
    assert move(TRUTH, truth=None).order.startswith("order of the pixels kept")


def test_one_simulated_saturation_has_no_order():
    found = move(TRUTH - 0.1, truth=np.full(TRUTH.shape, 0.7))
    assert found.order == "order of the pixels not judged, as one saturation was simulated"
    assert found.level == "level moved by -10 points, away from what was simulated"


def test_the_sentence_says_which_of_the_two_and_the_truth():
    statement = oxygenations(population(TRUTH + 0.05), 0).statement.splitlines()
    assert statement[0].startswith("vein: median sO₂ ")
    assert ", simulated " in statement[0]
    assert "level moved by +5 points" in statement[0]
    assert "order of the pixels" in statement[0]
    assert "oxygenation kept" not in statement[0]


def test_pixels_are_the_same_before_and_after_although_some_are_missing():
    after = blood(TRUTH)
    after[3, 4] = np.nan
    simulated = make_cube("sim").with_(data=blood(TRUTH))
    cubes = [("sim", "simulated", simulated), ("moved", "transferred", transferred(after))]
    found = population_of_cubes(cubes)
    (move,) = saturation_moves(found, None, "all spectra", lambda s: s[:, 0].astype(float), 10_000)
    assert move.count == ROWS * COLUMNS - 1
    assert move.rank == pytest.approx(1)


def test_pictures_of_another_size_are_not_compared():
    cubes = [
        ("sim", "simulated", make_cube("sim")),
        ("moved", "transferred", make_cube("moved", "transferred", rows=22)),
    ]
    assert oxygenations(population_of_cubes(cubes), 0).moves == ()


def test_medians_are_of_the_pixels_whose_truth_is_known():
    truth = TRUTH.copy()
    truth[:, 10:] = np.nan
    found = move(TRUTH + 0.05, truth=truth)
    known = np.isfinite(truth)
    assert found.is_partial
    assert found.count == known.sum()
    assert found.truth == pytest.approx(np.median(TRUTH[known]), abs=1e-6)
    assert found.before == pytest.approx(np.median(TRUTH[known]), abs=0.01)
    assert f"(at the {known.sum()} pixels where that is known)" in found.sentence()
    assert "where that is known" not in move(TRUTH + 0.05).sentence()


def test_of_all_spectra_there_is_a_line_for_each_structure():
    found = oxygenations(population(TRUTH + 0.08), None)
    names = [m.structure for m in found.moves]
    assert len(names) > 1
    assert "coupling medium" not in names
    first, *lines, caption = found.statement.splitlines()
    assert first.startswith("Median sO₂ before → after")
    assert [line.split(":")[0] for line in lines] == names
    assert all(" points" in line and "order " in line for line in lines)
    assert caption.startswith("all spectra: ")


@pytest.mark.parametrize(("shift", "wanted"), [(0.08, ""), (0.15, "+15"), (-0.3, "-30")])
def test_only_large_moves_are_said_beside_the_verdict(shift, wanted):
    moved = population(TRUTH + shift)
    moves = large_moves(moved)
    sentence = large_moves_sentence(moves)
    assert bool(sentence) == bool(wanted)
    if wanted:
        assert sentence.startswith("Oxygen saturation moved by more than 10 points in: ")
        assert sentence.count(f"({wanted})") == len(moves)
        known = {m.structure: m.after for m in oxygenations(moved, None).moves}
        assert known == {m.structure: m.after for m in moves}


def test_a_line_on_large_moves_names_the_largest_and_counts_the_rest():
    (found,) = large_moves(population(TRUTH + 0.15))[:1]
    several = [replace(found, structure=f"small_part_{n}") for n in range(6)]
    sentence = large_moves_sentence(several, model="cINN")
    assert sentence.startswith("cINN · oxygen saturation moved")
    assert "small part 0 (+15), " in sentence
    assert sentence.endswith("small part 3 (+15) and 2 more.")
