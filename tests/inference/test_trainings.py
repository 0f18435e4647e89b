"""How much trainings of one configuration differ: which models these are, and the number against its definition."""

import numpy as np
import pytest
import torch
from transfer_samples import make_cube, make_model

from napari_udt.errors import TransferCancelled, TransferError
from napari_udt.inference import transfer
from napari_udt.inference.probe import SpectralProbe, make_job
from napari_udt.inference.trainings import other_trainings
from napari_udt.inference.trust import trust_of_cube


def training(seed, modality="HSI", channels=12, **changes):
    """A model of one configuration; its weights depend on the seed."""
    record = {"config": {"name": "mine", "seed": seed}}
    model = make_model(modality, channels, name=f"mine_{seed}", training=record, **changes)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.network.parameters():
            parameter += 0.02 * torch.randn(parameter.shape, generator=generator)
    return model


def test_only_other_seeds_of_the_same_configuration_count():
    own, other = training(1).spec, training(2).spec
    alike = training(1).spec
    elsewhere = training(3, class_names=("fat",)).spec
    foreign = make_model("HSI", 12).spec
    assert other_trainings(own, [own, alike, other, elsewhere, foreign]) == (other,)
    assert other_trainings(foreign, [own, other]) == ()


@pytest.mark.parametrize(("modality", "size"), [("HSI", (9, 5, 12)), ("PAT", (8, 12, 4))])
def test_the_spread_is_that_of_the_transfers_themselves(modality, size):
    models = [training(seed, modality, size[2]) for seed in (1, 2, 3)]
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
    cube, model = make_cube(4, 4, 12), training(1)
    probe = SpectralProbe(make_job(cube, model))
    with pytest.raises(TransferError, match="mine_1: no other training of its configuration"):
        trust_of_cube(probe, "trainings", lambda *step: None)

    def stop(*_step):
        raise TransferCancelled

    with pytest.raises(TransferCancelled):
        trust_of_cube(probe, "trainings", stop, [training(2)])
    odd, network = make_cube(7, 12, 4, modality="PAT"), training(1, "PAT", 4)
    with pytest.raises(TransferError, match=r"7 x 12 pixels.*Crop it first"):
        trust_of_cube(
            SpectralProbe(make_job(odd, network)), "trainings", lambda *step: None, [training(2, "PAT", 4)]
        )
