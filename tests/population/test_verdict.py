"""The verdict on a transfer against numbers that were put in."""

import csv
import io

import numpy as np
import pytest

from napari_udt import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.population.block_means import block_means, whole_means
from napari_udt.population.groups import Group, population_of_cubes
from napari_udt.population.verdict import source_of, verdict
from napari_udt.population.verdict_change import Change, distance
from napari_udt.population.verdict_text import (
    change_text,
    pair_text,
    reference_note,
    row_sentence,
    total_sentence,
    verdict_table,
)

NM = np.linspace(500, 1000, 20)
ROWS, COLUMNS = 40, 60
NAMES = {0: "background drape", 1: "liver", 2: "small_bowel"}
RISE = np.linspace(1, 2, 20)
TILT = np.linspace(-1, 1, 20)


def cube(name, domain, centres, seed, noise=0.02, quantity="reflectance", **changes):
    """A picture with two structures whose mean spectra are ``centres`` and whose pixels are noisy."""
    labels = np.zeros((ROWS, COLUMNS), int)
    labels[5:, :30], labels[5:, 30:] = 1, 2
    spectra = np.stack([np.ones(20), *centres])
    rng = np.random.default_rng(seed)
    data = spectra[labels] * (1 + noise * rng.standard_normal((ROWS, COLUMNS, 1)))
    data = data + noise * rng.standard_normal((ROWS, COLUMNS, 20))
    fields = {"labels": labels, "label_names": NAMES, "quantity": quantity, **changes}
    return SpectralCube(data.astype(np.float32), NM, "HSI", domain=domain, name=name, **fields)


def made_from(source, name, centres, seed, **changes):
    """A transferred picture that names its source."""
    provenance = {"source": {"name": source.name}, "model": {"name": name, "kind": "cinn"}}
    return cube(name, "transferred", centres, seed, provenance=provenance, **changes)


def population(*transferred, simulated=None, real=None):
    simulated = simulated or cube("sim", "simulated", [RISE + 0.4 * TILT, RISE], 1)
    reals = [real] if real is not None else [cube("real", "real", [RISE, RISE], 2)]
    return population_of_cubes(
        [(simulated.name, "simulated", simulated)]
        + [(c.name, "transferred", c) for c in transferred]
        + [(c.name, "real", c) for c in reals]
    )


def angle(a, b):
    return np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))


@pytest.fixture
def simulated():
    return cube("sim", "simulated", [RISE + 0.4 * TILT, RISE], 1)


def test_distances_are_those_that_were_put_in(simulated):
    moved = made_from(simulated, "moved", [1.5 * (RISE + 0.1 * TILT), 0.5 * RISE], 3)
    found = verdict(population(moved, simulated=simulated))
    liver, bowel = (found.of(name)[0].changes for name in ("liver", "small_bowel"))
    assert liver["angle"].before == pytest.approx(angle(RISE + 0.4 * TILT, RISE), abs=0.05)
    assert liver["angle"].after == pytest.approx(angle(RISE + 0.1 * TILT, RISE), abs=0.05)
    assert liver["level"].before == pytest.approx(1, abs=0.005)
    assert liver["level"].after == pytest.approx(1.5, abs=0.01)
    assert bowel["level"].after == pytest.approx(0.5, abs=0.01)
    wanted = np.sqrt(np.mean((1.5 * (RISE + 0.1 * TILT) - RISE) ** 2))
    assert liver["rmse"].after == pytest.approx(wanted, abs=0.01)


def test_shape_and_level_are_kept_apart(simulated):
    moved = made_from(simulated, "moved", [1.5 * (RISE + 0.1 * TILT), RISE], 3)
    changes = verdict(population(moved, simulated=simulated)).of("liver")[0].changes
    assert changes["angle"].outcome == "closer"
    assert changes["level"].outcome == "further away"


def test_half_and_double_the_level_are_as_far():
    assert distance("level", 0.5) == pytest.approx(distance("level", 2.0))
    assert distance("level", 1.0) == 0
    assert np.isnan(distance("level", -0.1))


def test_an_unmoved_structure_is_not_called_closer_or_further_away():
    """Noise alone: of 60 verdicts about spectra of one distribution, each with a 95 % interval, few may be wrong."""
    spoken = 0
    for seed in range(10, 40):
        simulated = cube("sim", "simulated", [RISE + 0.2 * TILT, RISE], seed, noise=0.1)
        other = made_from(simulated, "same", [RISE + 0.2 * TILT, RISE], seed + 100, noise=0.1)
        found = verdict(
            population(other, simulated=simulated, real=cube("r", "real", [RISE, RISE], seed + 200))
        )
        spoken += sum(row.changes["angle"].outcome in ("closer", "further away") for row in found.rows)
    assert spoken <= 6


def test_a_change_that_is_tiny_beside_the_spread_is_none_however_certain():
    change = Change("angle", 3.0, 2.9, -0.12, -0.08, spread=2.0)
    assert change.outcome == "no clear change"
    assert Change("angle", 3.0, 2.9, -0.12, -0.08, spread=0.2).outcome == "closer"


def test_a_structure_of_few_pixels_gets_numbers_but_no_verdict(simulated):
    small = simulated.labels.copy()
    small[small == 2] = 0
    small[20, 40:43] = 2
    tiny = simulated.with_(labels=small)
    moved = made_from(tiny, "moved", [RISE, RISE], 3, labels=small)
    row = verdict(population(moved, simulated=tiny)).of("small_bowel")[0]
    assert row.count == 3
    assert row.changes["angle"].outcome == "too few pixels to tell"
    assert np.isfinite(row.changes["angle"].after)


def test_what_moved_away_most_comes_first(simulated):
    moved = made_from(simulated, "moved", [RISE, RISE + 0.5 * TILT], 3)
    found = verdict(population(moved, simulated=simulated))
    assert [row.structure for row in found.worst_first("angle")] == ["small_bowel", "liver"]
    assert found.worst_first("angle", hidden=["moved"]) == ()


def test_several_models_have_a_row_each_and_their_own_source(simulated):
    other = cube("other", "simulated", [RISE - 0.3 * TILT, RISE], 8)
    a = made_from(simulated, "a", [RISE, RISE], 3)
    b = made_from(other, "b", [RISE, RISE], 4)
    found = population_of_cubes(
        [
            ("sim", "simulated", simulated),
            ("other", "simulated", other),
            ("a", "transferred", a),
            ("b", "transferred", b),
            ("r", "real", cube("r", "real", [RISE, RISE], 9)),
        ]
    )
    assert source_of(found.groups[2], found).name == "sim"
    rows = verdict(found).of("liver")
    assert [row.group.name for row in rows] == ["a", "b"]
    assert rows[0].changes["angle"].before == pytest.approx(angle(RISE + 0.4 * TILT, RISE), abs=0.05)
    assert rows[1].changes["angle"].before == pytest.approx(angle(RISE - 0.3 * TILT, RISE), abs=0.05)


def test_before_a_transfer_the_simulated_distance_is_told_and_no_verdict(simulated):
    row = verdict(population(simulated=simulated)).of("liver")[0]
    assert not row.is_transferred
    assert row.changes["angle"].outcome == "not compared"
    assert "not transferred yet" in row_sentence(row)


def test_backgrounds_are_left_out_and_named(simulated):
    found = verdict(population(simulated=simulated))
    assert found.structures == ("liver", "small_bowel")
    assert any("background drape" in note for note in found.notes)


def test_cubes_without_common_structures_are_compared_as_a_whole():
    bare = cube("bare", "simulated", [RISE, RISE], 1, labels=None, label_names={})
    found = verdict(population(simulated=bare))
    assert found.structures == ("all structures",)
    assert any("compared as one" in note for note in found.notes)


def test_cubes_without_a_valid_spectrum_are_not_compared():
    empty = cube("empty", "simulated", [RISE, RISE], 1, noise=np.nan)
    with pytest.raises(CubeError, match="holds a valid spectrum: there is nothing to compare"):
        verdict(population(simulated=empty))


def test_without_a_real_cube_the_user_is_told_what_to_open(simulated):
    alone = population_of_cubes([("sim", "simulated", simulated)])
    with pytest.raises(CubeError, match="Open a real cube"):
        verdict(alone)


def test_what_was_transferred_to_the_simulated_domain_is_not_judged(simulated):
    back = made_from(simulated, "back", [3 * RISE, 3 * RISE], 3)
    back = back.with_(provenance={**back.provenance, "direction": "real2sim"})
    moved = made_from(simulated, "moved", [RISE, RISE], 4)
    found = verdict(population(back, moved, simulated=simulated))
    assert {row.group.name for row in found.rows} == {"moved"}
    assert any(note.endswith("simulated domain: back.") for note in found.notes)
    real = cube("real", "real", [RISE, RISE], 2)
    alone = population_of_cubes([("back", "transferred", back), ("real", "real", real)])
    with pytest.raises(CubeError, match="Open a simulated cube"):
        verdict(alone)


def test_the_spread_is_over_blocks_of_one_picture_or_over_other_pictures(simulated):
    reals = [cube(f"real {i}", "real", [RISE + 0.05 * i * TILT, RISE], 20 + i) for i in range(3)]
    one = verdict(population(simulated=simulated, real=reals[0])).of("liver")[0]
    assert one.piece == "blocks of 7 × 7 pixels"
    several = population_of_cubes([("sim", "simulated", simulated), *((c.name, "real", c) for c in reals)])
    row = verdict(several).of("liver")[0]
    assert row.piece == "other real pictures"
    wanted = sorted(angle(RISE + 0.05 * i * TILT, RISE + 0.1 * TILT) for i in (0, 1))
    assert wanted[0] - 0.05 < row.changes["angle"].spread < wanted[1] + 0.05


def test_blocks_hold_every_spectrum_once_and_give_its_mean(simulated):
    group = population(simulated=simulated).groups[0]
    blocks = block_means(group, 1)
    np.testing.assert_allclose(blocks.mean, group.of_class(1).mean(axis=0, dtype=float), rtol=1e-6)
    assert blocks.count == np.count_nonzero(simulated.labels == 1)
    drawn = blocks.resampled(300, 0)
    np.testing.assert_allclose(drawn.mean(axis=0), blocks.mean, rtol=0.01)
    np.testing.assert_array_equal(drawn, blocks.resampled(300, 0))


def test_known_subjects_are_the_pieces_and_single_spectra_else():
    spectra = np.random.default_rng(0).random((60, 4), dtype=np.float32)
    labels = np.zeros(60, np.int16)
    group = Group("a", "real", "measured", spectra, labels, subjects=np.repeat([3, 5, 9], 20))
    by_subject = block_means(group, 0)
    assert (len(by_subject), by_subject.piece) == (3, "subjects")
    np.testing.assert_allclose(by_subject.means[1], spectra[20:40].mean(axis=0), rtol=1e-6)
    single = block_means(Group("a", "real", "measured", spectra, labels), 0)
    assert (len(single), single.piece) == (60, "spectra")
    joined = whole_means([by_subject, single], "pictures")
    np.testing.assert_allclose(joined.means[0], joined.means[1], rtol=1e-6)


def test_sentences_say_shape_and_level_with_outcome_in_words(simulated):
    moved = made_from(simulated, "moved", [3 * (RISE + 0.1 * TILT), RISE], 3)
    found = verdict(population(moved, simulated=simulated))
    sentence = row_sentence(found.of("liver")[0])
    shape = pair_text(found.of("liver")[0].changes["angle"])
    assert sentence.startswith(f"liver: shape {shape} from the reference")
    assert "✓ closer; level 1.00 → 3.00 times the reference's" in sentence
    assert sentence.endswith("✗ further away.")
    total = total_sentence(found, found.totals[0], model="cINN")
    assert total.startswith("cINN · all 2 structures: shape 1 closer, 1 without a clear change, on average")
    assert "level 1 further away (liver)" in total


def test_a_level_is_a_factor_wherever_it_is_given():
    assert pair_text(Change("level", 1.32, 0.74, -1, -1, 0.1)) == "1.32 × → 0.74 ×"
    assert pair_text(Change("level", 12.3, 1.04, -1, -1, 0.1)) == "12 × → 1.04 ×"
    assert pair_text(Change("angle", 3.21, float("nan"), -1, -1, 0.1)) == "3.2°"


def test_a_change_is_given_with_its_interval_as_a_part_of_the_spread():
    change = Change("angle", 7.7, 6.1, -1.9, -1.2, 2.3)
    assert change_text(change) == "change -1.6° [-1.9°, -1.2°], own spread 2.3°: 0.7 of it"
    level = Change("level", 4.0, 2.0, np.log(0.4), np.log(0.6), np.log(2))
    assert change_text(level) == "change × 0.50 [× 0.40, × 0.60], own spread × 2.00: 1 times it"
    unknown = Change("angle", 7.7, 6.1, float("nan"), float("nan"), 2.0)
    assert change_text(unknown) == "change -1.6°, own spread 2.0°: 0.8 of it"
    assert change_text(Change("angle", 7.7, float("nan"), -1, 1, 2.0)) == "own spread 2.0°"


def test_the_table_has_all_numbers_and_says_what_they_are(simulated):
    moved = made_from(simulated, "moved", [RISE, RISE], 3)
    found = verdict(population(moved, simulated=simulated))
    text = verdict_table(found, {}).csv_text()
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith("#")]
    rows = list(csv.DictReader(io.StringIO("".join(lines))))
    assert len(rows) == 3 * (2 + 1)
    assert rows[0]["structure"] == "liver"
    assert float(rows[0]["after"]) == pytest.approx(found.of("liver")[0].changes["angle"].after)
    assert rows[-1]["outcome"] == "mean over the structures"
    assert reference_note(found) in text.replace("# ", "")
