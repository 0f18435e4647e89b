"""A transfer once more, as its provenance says: the same numbers, of all pixels or of some."""

import numpy as np
import pytest
from transfer_samples import make_cube, make_training

from napari_udt.errors import TransferError
from napari_udt.inference import transfer
from napari_udt.inference.repeat import choices_of, spectra_of_pixels, transfers_again

PIXELS = np.array([0, 3, 7, 130, 200, 201, 899])


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"condition": "proxy", "scale": "unit"},
        {"condition": "skin", "noise": "none"},
        {"direction": "real2sim"},
        {"seed": 5},
    ],
)
def test_some_spectra_come_out_as_they_did_in_the_whole_cube(choices):
    cube = make_cube(90, 10, 12)
    models = [make_training(seed, input_noise=0.1) for seed in (1, 2)]
    made = [transfer(cube, model, device="cpu", **choices) for model in models]
    again = transfers_again(cube, models, made[0].provenance, PIXELS)
    for result, found in zip(made, again, strict=True):
        np.testing.assert_allclose(found, result.data.reshape(900, 12)[PIXELS], rtol=1e-4, atol=1e-5)
    assert np.abs(again[0] - again[1]).max() > 1e-3


def test_a_picture_is_transferred_whole_and_filled_up_as_it_was():
    cube, model = make_cube(7, 13, 4, modality="PAT"), make_training(1, "PAT", 4)
    made = transfer(cube, model, device="cpu")
    steps = []
    pixels = np.array([5, 50])
    (found,) = transfers_again(cube, [model], made.provenance, pixels, lambda *step: steps.append(step))
    np.testing.assert_allclose(found, made.data.reshape(-1, 4)[pixels], rtol=1e-4, atol=1e-5)
    assert steps == [(0, 1), (1, 1)]


def test_steps_and_seed_of_a_stochastic_model_are_taken_over():
    cube, made = make_cube(3, 4, 12), {"seed": 7, "steps": 12, "truncation": 0.5, "deformed": True}
    found = choices_of(cube, make_training(1).spec, made)
    assert found == {"direction": "sim2real", "condition": "auto"} | made


@pytest.mark.parametrize("made", [{"direction": "back"}, {"condition": "every pixel as bone"}])
def test_what_cannot_be_made_again_gets_a_sentence(made):
    with pytest.raises(TransferError, match=r"test cube: .* (direction|transfer it again)"):
        choices_of(make_cube(3, 4, 12), make_training(1).spec, made)


def test_few_pixels_with_no_known_structure_keep_the_condition_of_the_whole_cube():
    cube, model = make_cube(9, 10, 12), make_training(1)
    unknown = np.flatnonzero(cube.labels == 2)[:3]  # background
    made = transfer(cube, model, device="cpu", condition="labels")
    (found,) = transfers_again(cube, [model], made.provenance, unknown)
    np.testing.assert_allclose(found, made.data.reshape(90, 12)[unknown], rtol=1e-4, atol=1e-5)


def test_pixels_are_read_in_their_order():
    cube = make_cube(90, 10, 12)
    np.testing.assert_array_equal(spectra_of_pixels(cube, PIXELS), cube.data.reshape(900, 12)[PIXELS])
    assert spectra_of_pixels(cube, PIXELS[:0]).shape == (0, 12)
