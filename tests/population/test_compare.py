"""Comparison of cubes from Python."""

import pytest

from napari_udt.errors import EvaluationError
from napari_udt.population.compare import compare_cubes
from napari_udt.population.downstream_choices import Choices
from napari_udt.population.measures import MeasureOptions

FAST = MeasureOptions(resamples=0, measures=("mae",))


def test_cubes_are_transferred_measured_and_tested(make_cubes, few_trees):
    simulated, moved, second = make_cubes("HSI")
    steps = []
    found = compare_cubes(
        [second, simulated, moved],
        ["baseline:moments"],
        options=FAST,
        downstream=Choices(seeds=(0,), per_class=20),
        progress=lambda step, done, total: steps.append(step),
    )
    names = [group.name for group in found.population.groups]
    assert names[0] == simulated.name
    assert names[-1] == second.name
    assert set(names[1:3]) == {moved.name, f"{simulated.name} → baseline: moments"}
    assert found.table.reference == second.name
    assert found.table.keys == ("mae",)
    assert found.downstream is not None
    assert list(dict.fromkeys(steps)) == ["baseline:moments", "measures", "downstream test"]


def test_cubes_of_one_name_are_numbered(make_cubes):
    simulated, _, second = make_cubes("HSI")
    found = compare_cubes([simulated, simulated, second], options=FAST)
    assert [group.name for group in found.population.groups][:2] == [simulated.name, f"{simulated.name} (2)"]
    assert found.downstream is None


def test_what_cannot_be_compared_has_one_sentence(make_cubes):
    simulated, moved, second = make_cubes("HSI")
    with pytest.raises(EvaluationError, match="needs a reference"):
        compare_cubes([simulated, moved])
    with pytest.raises(EvaluationError, match="another one"):
        compare_cubes([second])
    with pytest.raises(EvaluationError, match="no simulated cube"):
        compare_cubes([moved, second], ["baseline:moments"])
    with pytest.raises(EvaluationError, match="its domain is unknown"):
        compare_cubes([simulated.with_(domain="unknown"), second])
