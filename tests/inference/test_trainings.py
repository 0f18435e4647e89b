"""How much trainings of one configuration differ: which models these are, and the number against its definition."""

import numpy as np
import pytest
from transfer_samples import make_cube, make_model, make_training

from napari_udt.errors import TransferCancelled, TransferError
from napari_udt.inference import transfer
from napari_udt.inference.probe import SpectralProbe, make_job
from napari_udt.inference.trainings import limits_over_trainings, other_trainings
from napari_udt.inference.trust import trust_of_cube


def test_only_other_seeds_of_the_same_configuration_count():
    own, other = make_training(1).spec, make_training(2).spec
    alike = make_training(1).spec
    elsewhere = make_training(3, class_names=("fat",)).spec
    foreign = make_model("HSI", 12).spec
    assert other_trainings(own, [own, alike, other, elsewhere, foreign]) == (other,)
    assert other_trainings(foreign, [own, other]) == ()


@pytest.mark.parametrize(("modality", "size"), [("HSI", (9, 5, 12)), ("PAT", (8, 12, 4))])
def test_the_spread_is_that_of_the_transfers_themselves(modality, size):
    models = [make_training(seed, modality, size[2]) for seed in (1, 2, 3)]
    cube = make_cube(*size, modality=modality)
    steps = []
    probe = SpectralProbe(make_job(cube, models[0]))
    found = trust_of_cube(probe, "trainings", lambda *step: steps.append(step), models[1:])
    moved = np.stack([transfer(cube, model, device="cpu").data for model in models]).astype(float)
    mean = np.sqrt(np.square(moved.mean(axis=0)).mean(axis=-1))
    expected = 100 * np.sqrt(moved.var(axis=0, ddof=1).mean(axis=-1)) / mean
    assert np.nanmin(expected) > 0.1
    np.testing.assert_allclose(found.maps["trainings"], expected, rtol=2e-3)
    assert found.numbers["trainings"] == pytest.approx(np.median(expected), rel=1e-3)
    assert steps[-1][0] == steps[-1][1]


def test_what_cannot_be_compared_gets_a_sentence_and_a_run_ends_when_told():
    cube, model = make_cube(4, 4, 12), make_training(1)
    probe = SpectralProbe(make_job(cube, model))
    with pytest.raises(TransferError, match="mine_1: no other training of its configuration"):
        trust_of_cube(probe, "trainings", lambda *step: None)

    def stop(*_step):
        raise TransferCancelled

    with pytest.raises(TransferCancelled):
        trust_of_cube(probe, "trainings", stop, [make_training(2)])
    odd, network = make_cube(7, 12, 4, modality="PAT"), make_training(1, "PAT", 4)
    with pytest.raises(TransferError, match=r"7 x 12 pixels.*Crop it first"):
        trust_of_cube(
            SpectralProbe(make_job(odd, network)),
            "trainings",
            lambda *step: None,
            [make_training(2, "PAT", 4)],
        )


def test_limits_over_trainings_are_those_of_their_curves():
    curves = np.array([[1.0, 2.0], [3.0, 2.0], [5.0, 8.0]])
    np.testing.assert_array_equal(limits_over_trainings(curves, "trainings_range"), [[1, 2], [5, 8]])
    lower, upper = limits_over_trainings(curves, "trainings")
    np.testing.assert_allclose(lower, [3 - 2, 4 - np.sqrt(12)])
    np.testing.assert_allclose((lower + upper) / 2, [3, 4])
