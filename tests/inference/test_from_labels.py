"""Pictures generated from a cube's labels, through the transfer's interface."""

import numpy as np
import pytest
from transfer_samples import make_cube, make_model

from napari_udt.errors import TransferError
from napari_udt.inference import transfer
from napari_udt.inference.batch import Options
from napari_udt.inference.fitting import model_choices

SIZE = {"widths": [6, 4], "latent": 3, "texture": 1, "wavelets": True}


@pytest.fixture(scope="module")
def model():
    return make_model(
        "PAT", 4, name="pat_med_usis", kind="label_to_image", architecture=SIZE, label_noise_level=0.0
    )


def cube(**changes):
    known = {"artery_oxygenation": 0.9, "fat_mm": 2.0}
    fields = {"metadata": known, "oxygenation": np.full((18, 13), 0.7, np.float32)} | changes
    return make_cube(18, 13, 4, "PAT", **fields)  # sides that have to be filled up


def test_a_picture_follows_from_labels_seed_and_truncation_and_is_called_generated(model):
    source = cube()
    made = transfer(source, model, device="cpu", seed=3, truncation=1.5)
    again = transfer(source.with_(data=source.data[:] * 3 + 1), model, device="cpu", seed=3, truncation=1.5)
    assert np.array_equal(made.data, again.data)  # nothing but the labels is used
    others = [
        transfer(source, model, device="cpu", seed=seed, truncation=a)
        for seed, a in ((4, 1.5), (3, 0.5), (3, None))
    ]
    assert all(np.abs(made.data - other.data).mean() > 1e-4 for other in others)
    assert np.array_equal(made.labels, source.labels)
    assert made.oxygenation is None
    assert made.metadata == {"fat_mm": 2.0}
    assert made.origin == "generated from labels: digital device"
    known = made.provenance
    assert known["made_by"].startswith("generated from labels")
    assert "knows no oxygenation" in known["made_by"]
    assert (known["seed"], known["truncation"]) == (3, 1.5)
    assert others[2].provenance["truncation"] is None
    same = [transfer(source, model, device="cpu", seed=seed, truncation=0).data for seed in (1, 2)]
    assert np.array_equal(*same)  # the most typical picture has no chance in it


def test_what_a_model_from_labels_cannot_do_is_refused(model, image_model):
    with pytest.raises(
        TransferError, match=r"has no labels that pat_med_usis knows .* from which alone it makes pictures"
    ):
        transfer(cube(labels=None, label_names={}), model, device="cpu")
    with pytest.raises(TransferError, match="there is no way back, choose sim2real"):
        transfer(cube(), model, "real2sim", "cpu")
    for condition in ("proxy", "skin"):
        with pytest.raises(TransferError, match="choose 'labels'"):
            transfer(cube(), model, device="cpu", condition=condition)
    with pytest.raises(TransferError, match="choose a number from 0 to 3, or none"):
        transfer(cube(), model, device="cpu", truncation=3.5)
    with pytest.raises(TransferError, match="draws no code that can be truncated"):
        transfer(cube(), image_model, device="cpu", truncation=1)


def test_models_from_labels_are_offered_last_and_only_where_there_are_labels(model, image_model):
    specs = [model.spec, image_model.spec]
    assert [choice.spec.kind for choice in model_choices(cube(), specs)] == ["cinn", "label_to_image"]
    without = model_choices(cube(labels=None, label_names={}), specs)
    assert [bool(choice.obstacle) for choice in without] == [False, True]
    assert "the cube has none" in without[1].obstacle


def test_results_of_other_truncations_are_made_anew():
    assert "truncation" not in Options().record()
    assert Options(truncation=0.0).record()["truncation"] == 0.0
