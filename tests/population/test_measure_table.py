"""All measures of a population: what comes out, in which order, with which notes; files; cancelling."""

import csv
import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from napari_udt.errors import EvaluationError, TransferCancelled
from napari_udt.evaluation.two_sample import area
from napari_udt.population.groups import Group, Population
from napari_udt.population.measures import CATALOGUE, MEASURES, MeasureOptions, measure

NM = np.linspace(500, 1000, 8)
FAST = MeasureOptions(resamples=30, permutations=49)


def group(name, part, n=60, seed=0, shift=0.0, classes=2, **facts):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    spectra = 2 + np.sin(NM / 80) + labels[:, None] + shift + 0.1 * rng.standard_normal((n, 8))
    return Group(name, part, part, spectra.astype(np.float32), labels, total=n, **facts)


def population(*groups):
    return Population("HSI", NM, ("liver", "spleen"), groups)


@pytest.fixture(scope="module")
def table():
    groups = group("Simulated", "simulated", seed=1, shift=0.5), group("cINN", "transferred", seed=2)
    return measure(population(*groups, group("Second", "real", seed=3)), FAST)


def test_every_class_and_group_has_every_measure_without_a_model(table):
    keys = [m.key for m in MEASURES if m.family != "model"]
    assert [(r.class_name, r.group, r.key) for r in table.rows] == [
        (c, g, k) for c in ("liver", "spleen") for g in ("Simulated", "cINN") for k in keys
    ]
    assert (table.reference, table.class_names, table.groups) == (
        "Second",
        ("liver", "spleen"),
        ("Simulated", "cINN"),
    )
    assert all(math.isfinite(row.value) for row in table.rows)


def test_every_value_is_better_where_the_group_is_nearer(table):
    for row in table.rows:
        far, near = (table.row(row.class_name, g, row.key).value for g in ("Simulated", "cINN"))
        match row.measure.better:
            case "lower":
                assert near < far
            case "higher":
                assert near > far
            case "near":
                assert abs(near - row.measure.ideal) < abs(far - row.measure.ideal)


def test_intervals_hold_values_of_what_is_apart(table):
    for row in table.rows:
        if row.key in ("mmd_p", "correlation_rms"):
            assert math.isnan(row.low)
        elif row.group == "Simulated":
            assert row.low <= row.value <= row.high, row


def test_a_mean_over_wavelengths_comes_with_its_curve(table):
    for key in ("median_difference", "mae", "wasserstein"):
        row = table.row("liver", "cINN", key)
        assert row.per_wavelength.shape == (8,)
        assert row.per_wavelength.mean() == pytest.approx(row.value)


def test_a_group_like_the_reference_is_not_distinguished():
    same = replace(group("Copy", "simulated", n=400, seed=7), name="Copy")
    found = measure(population(same, group("Second", "real", n=400, seed=8)), FAST)
    for name in ("liver", "spleen"):
        assert found.row(name, "Copy", "classifier").value == pytest.approx(0.5, abs=0.12)
        assert found.row(name, "Copy", "two_sample_auc").value == pytest.approx(0.5, abs=0.12)
        assert found.row(name, "Copy", "correlation_rms").value < 0.15
        assert found.row(name, "Copy", "nearest_neighbour").value == pytest.approx(1, abs=0.15)
        assert found.row(name, "Copy", "mmd_p").value > 0.02


def test_the_area_of_weighted_scores_is_sklearns():
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 9, 50) / 9.0, rng.integers(3, 12, 40) / 9.0  # with ties
    times = rng.integers(0, 4, 50), rng.integers(0, 4, 40)
    side = np.repeat([0, 1], [50, 40])
    both = np.concatenate([a, b])
    assert area(a, b) == pytest.approx(roc_auc_score(side, both))
    expected = roc_auc_score(side, both, sample_weight=np.concatenate(times))
    assert area(a, b, *times) == pytest.approx(expected)


def test_identical_sets_are_at_distance_zero_and_look_memorised():
    second = group("Second", "real")
    found = measure(population(replace(second, name="Same", part="simulated"), second), FAST)
    for key in ("median_difference", "mae", "rmse", "bias", "cohens_d", "wasserstein", "nearest_neighbour"):
        assert found.row("liver", "Same", key).value == pytest.approx(0, abs=1e-9)
    assert found.row("liver", "Same", "spectral_angle").value == pytest.approx(0, abs=1e-5)
    assert found.row("liver", "Same", "frechet").value == pytest.approx(0, abs=1e-8)
    assert found.row("liver", "Same", "precision").value == found.row("liver", "Same", "recall").value == 1


def test_the_order_of_spectra_does_not_matter_where_none_are_left_out():
    first, second = group("Simulated", "simulated", seed=1, shift=0.5), group("Second", "real", seed=3)
    order = np.random.default_rng(0).permutation(60)
    keys = tuple(
        k for k in CATALOGUE if k not in ("classifier", "two_sample_auc", "mmd_p")
    )  # folds and shuffles are drawn
    options = replace(FAST, resamples=0, measures=keys)
    a = measure(population(first, second), options)
    b = measure(population(first.take(order), second.take(order)), options)
    for one, other in zip(a.rows, b.rows, strict=True):
        assert other.value == pytest.approx(one.value, rel=1e-4), one.key


def test_normalised_spectra_do_not_know_brightness():
    dark, second = group("Simulated", "simulated", seed=1), group("Second", "real", seed=3)
    bright = replace(dark, spectra=5 * dark.spectra)
    options = replace(FAST, measures=("mae", "wasserstein", "mmd", "frechet"))
    found = [measure(population(one, second), options) for one in (dark, bright)]
    for one, other in zip(found[0].rows, found[1].rows, strict=True):
        assert other.value == pytest.approx(one.value, rel=1e-3, abs=1e-7)
    raw = measure(population(bright, second), replace(options, normalisation="none"))
    assert raw.row("liver", "Simulated", "mae").value > 100 * found[0].row("liver", "Simulated", "mae").value


def test_sub_samples_and_few_spectra_are_reported():
    groups = group("Simulated", "simulated"), group("Second", "real")
    found = measure(population(*groups), replace(FAST, most_pairwise=10, most_queries=12))
    assert found.row("liver", "Simulated", "mmd").note == "10 of 30 against 10 of 30 spectra"
    assert found.row("liver", "Simulated", "nearest_neighbour").note == "to the reference; 12 of 30 spectra"
    assert "few spectra: too large" in found.row("liver", "Simulated", "frechet").note
    assert found.row("liver", "Simulated", "classifier").note == "needs 20 spectra on each side"


def test_one_spectrum_gives_what_it_can():
    alone = group("Simulated", "simulated", n=1)
    found = measure(population(alone, group("Second", "real")), FAST)
    assert found.class_names == ("liver",)
    assert math.isfinite(found.row("liver", "Simulated", "mae").value)
    for key in ("cohens_d", "mmd", "frechet", "precision", "classifier"):
        row = found.row("liver", "Simulated", key)
        assert math.isnan(row.value)
        assert row.note
    assert "no interval" in found.row("liver", "Simulated", "mae").note


def test_subjects_widen_intervals_and_are_kept_in_one_fold():
    subjects = np.repeat(np.arange(6), 20)

    def alike(seed, part):
        own = group(part, part, n=120, seed=seed, classes=1)
        offsets = np.random.default_rng(seed).normal(0, 0.3, (6, 8)).astype(np.float32)
        return replace(own, spectra=own.spectra + offsets[subjects], subjects=subjects)

    groups = alike(1, "simulated"), alike(2, "real")
    options = replace(FAST, normalisation="none", resamples=200, measures=("mae", "classifier", "mmd_p"))
    known = measure(population(*groups), options)
    blind = measure(population(*(replace(g, subjects=None) for g in groups)), options)
    widths = [
        t.row("liver", "simulated", "mae").high - t.row("liver", "simulated", "mae").low
        for t in (known, blind)
    ]
    assert widths[0] > 1.5 * widths[1]
    assert (
        known.row("liver", "simulated", "classifier").value
        < blind.row("liver", "simulated", "classifier").value
    )
    assert "too small" in known.row("liver", "simulated", "mmd_p").note


def test_without_common_classes_all_spectra_are_one():
    unknown = group("Simulated", "simulated")
    unknown = replace(unknown, labels=np.full(len(unknown), -1))
    found = measure(population(unknown, group("Second", "real")), replace(FAST, measures=("mae",)))
    assert [(row.class_name, row.count) for row in found.rows] == [("all spectra", 60)]


def test_training_spectra_take_the_place_of_the_reference():
    own = group("Simulated", "simulated", seed=1)
    options = replace(FAST, measures=("nearest_neighbour",), training={"liver": own.of_class(0)})
    found = measure(population(own, group("Second", "real", seed=3)), options)
    liver, spleen = (found.row(name, "Simulated", "nearest_neighbour") for name in ("liver", "spleen"))
    assert (liver.value, liver.note) == (0, "to the training spectra")
    assert spleen.value > 0.5
    assert spleen.note == "to the reference"


def test_a_model_is_asked_once_for_its_group_and_the_reference():
    asked = []

    def judge(model, judged):
        asked.append((model, judged.name))
        number = np.arange(len(judged), dtype=float)
        return {"round_trip": number, "log_likelihood": np.where(judged.labels == 0, -number, np.nan)}

    groups = group("Simulated", "simulated"), group("T", "transferred", model="m"), group("Second", "real")
    found = measure(population(*groups), replace(FAST, judge=judge))
    assert asked == [("m", "T"), ("m", "Second")]
    assert found.row("liver", "T", "round_trip").value == np.median(np.arange(0, 60, 2))
    assert found.row("liver", "T", "log_likelihood").note == "reference -29"
    assert found.row("spleen", "T", "log_likelihood") is None
    assert found.row("liver", "Simulated", "round_trip") is None


def test_only_what_is_asked_for_is_computed():
    groups = group("Simulated", "simulated"), group("Second", "real")
    found = measure(population(*groups), replace(FAST, measures=("rmse", "recall")))
    assert found.keys == ("rmse", "recall")
    assert set(found.seconds) == {"normalisation", "centres", "manifold"}


def test_progress_counts_to_the_end_and_cancels():
    groups = group("Simulated", "simulated"), group("Second", "real")
    reported = []
    measure(population(*groups), replace(FAST, measures=("rmse",)), lambda *step: reported.append(step))
    assert reported[0] == (0, 2)
    assert reported[-1] == (2, 2)

    def cancel(done, total):
        raise TransferCancelled

    with pytest.raises(TransferCancelled):
        measure(population(*groups), FAST, cancel)


def test_what_fails_in_one_class_ends_the_run(monkeypatch):
    from napari_udt.population.measures import comparisons

    def broken(pair, options):
        raise ZeroDivisionError("in a thread")

    monkeypatch.setitem(comparisons.COMPARISONS, "centres", broken)
    groups = group("Simulated", "simulated"), group("Second", "real")
    with pytest.raises(ZeroDivisionError, match="in a thread"):
        measure(population(*groups), FAST)


@pytest.mark.parametrize(
    ("groups", "options", "message"),
    [
        ([group("Simulated", "simulated")], FAST, "open a reference cube"),
        ([group("Second", "real")], FAST, "at least one other"),
        ([group("S", "simulated"), group("R", "real")], replace(FAST, measures=("nonsense",)), "nonsense"),
    ],
)
def test_what_cannot_be_compared_is_reported_in_one_sentence(groups, options, message):
    with pytest.raises(EvaluationError, match=message):
        measure(population(*groups), options)


def test_csv_and_json_hold_the_rows_and_no_nan(table, tmp_path):
    rows = list(csv.DictReader(io.StringIO(table.as_csv())))
    assert len(rows) == len(table.rows)
    assert float(rows[0]["value"]) == table.rows[0].value
    assert next(r for r in rows if r["measure"] == "mmd_p")["low"] == ""
    assert rows[0]["unit"] == "of the L2 norm"
    table.save_csv(tmp_path / "t.csv")
    table.save_json(tmp_path / "t.json")
    document = json.loads((tmp_path / "t.json").read_text("utf-8"))
    assert document["reference"] == {"name": "Second", "origin": "real"}
    assert document["options"]["normalisation"] == "l2"
    assert len(document["rows"]) == len(table.rows)
    assert document["measures"]["frechet"]["source"]


def test_the_catalogue_explains_every_measure():
    for entry in MEASURES:
        assert entry.meaning.endswith(".")
        assert any(character.isdigit() for character in entry.source)  # a year
        assert "{" not in entry.unit_for("none", "reflectance")
        assert entry.better != "near" or entry.ideal is not None
