"""What a DicycleGAN displaces: beside the undeformed transfer, with arrows that files keep."""

from __future__ import annotations

import numpy as np
import pytest
from transfer_samples import make_cube, make_model

import napari_udt
from napari_udt.errors import TransferError
from napari_udt.inference.deformation import KEY, arrows_of

ARCHITECTURE = {
    "widths": [4, 8], "residual_blocks": 1, "padding": "reflect", "activation": "relu", "norm": "group",
    "residual_bound": 1.5, "largest_offset": 4.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return make_model("PAT", 4, kind="dicyclegan", architecture=ARCHITECTURE)


def test_a_transfer_is_undeformed_and_the_deformed_one_brings_its_offsets(model, tmp_path):
    cube = make_cube(19, 32, 4, "PAT")  # 19 rows are filled up
    plain = napari_udt.transfer(cube, model, device="cpu")
    bent = napari_udt.transfer(cube, model, device="cpu", deformed=True)
    assert KEY not in plain.metadata
    assert bent.provenance["deformed"] is True
    assert np.abs(bent.data - plain.data).max() > 1e-3
    x = np.moveaxis(np.pad(cube.data, ((0, 1), (0, 0), (0, 0)), mode="edge"), 2, 0)[None]
    labels = np.pad(np.where(cube.labels < 2, cube.labels, -1), ((0, 1), (0, 0)), mode="edge")[None]
    moved, offsets = model.deformed(model.normalise(x, "simulated"), "simulated", "real", labels)
    expected = np.moveaxis(model.denormalise(moved, "real")[0], 0, 2)[:19]
    np.testing.assert_allclose(bent.data, expected, rtol=1e-4, atol=1e-5)
    found = arrows_of(bent)
    np.testing.assert_array_equal(found.places[:4], [[4, 4], [4, 12], [4, 20], [4, 28]])
    np.testing.assert_allclose(found.offsets[1], offsets[0, :, 4, 12], atol=1e-3)
    napari_udt.save_cube(bent, tmp_path / "bent.udt.h5")
    again = arrows_of(napari_udt.open_cube(tmp_path / "bent.udt.h5"))
    np.testing.assert_array_equal(again.offsets, found.offsets)


def test_other_models_deform_nothing():
    with pytest.raises(TransferError, match="deforms nothing; leave deformed out, or choose a DicycleGAN"):
        napari_udt.transfer(make_cube(8, 12, 4, "PAT"), make_model("PAT", 4), device="cpu", deformed=True)


@pytest.mark.parametrize(
    "field",
    [
        None, 3, {}, {"every_px": 0, "first_px": 0, "rows_px": [[1.0]], "columns_px": [[1.0]]},
        {"every_px": 8, "first_px": 4, "rows_px": [[1.0, 2.0]], "columns_px": [[1.0]]},
        {"every_px": 8, "first_px": 4, "rows_px": "no", "columns_px": "no"},
        {"every_px": 8, "first_px": 4, "rows_px": [[float("nan")]], "columns_px": [[1.0]]},
    ],
)  # fmt: skip
def test_foreign_metadata_make_no_arrows(field):
    assert arrows_of(make_cube(8, 12, 4, "PAT", metadata={KEY: field})) is None


def test_arrows_beside_the_picture_are_left_out():
    field = {"every_px": 8, "first_px": 4, "rows_px": [[1.0, 2.0]], "columns_px": [[0.0, 0.5]]}
    found = arrows_of(make_cube(8, 10, 4, "PAT", metadata={KEY: field}))
    np.testing.assert_array_equal(found.places, [[4, 4]])
    np.testing.assert_array_equal(found.offsets, [[1.0, 0.0]])
