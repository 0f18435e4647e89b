"""A file that PATATO itself wrote opens as PATATO itself draws it (needs the package ``patato``, extra "patato")."""

import numpy as np
import pytest
from pa_scenes import WAVELENGTHS, arc_mm, recorded

from napari_udt.io import list_candidates, open_cube

pytest.importorskip("patato", reason="patato is not installed (pip install 'napari-udt[patato]')")

FIELD_M = (0.025, 0.02, 0.0)


@pytest.fixture
def written(tmp_path):
    """Path, pictures (frames, wavelengths, z, y, x) and saturation of a file by PATATO's own writer."""
    from patato.core.image_structures.reconstruction_image import Reconstruction
    from patato.core.image_structures.single_parameter_data import SingleParameterData
    from patato.io.hdf.hdf5_interface import HDF5Writer
    from patato.utils.rois.roi_type import ROI

    rng, detectors = np.random.default_rng(0), arc_mm(-45, 225)
    images, saturation = rng.random((2, 3, 1, 81, 101)), rng.random((2, 1, 1, 81, 101))
    writer = HDF5Writer(tmp_path / "scan.hdf5")
    writer.set_pa_data(recorded(detectors, [(4, 6, 0)], frames=2))
    writer.set_scan_name("Scan")
    writer.set_sampling_frequency(4e7)
    writer.set_wavelengths(WAVELENGTHS)
    writer.set_sensor_geometry(detectors / 1e3)
    writer.set_scanner_z_position(np.array([[1.0] * 3, [2.0] * 3]))
    writer.set_repetition_numbers(np.zeros((2, 3)))
    attributes = {f"RECONSTRUCTION_N{a}": n for a, n in zip("XYZ", (101, 81, 1), strict=True)}
    attributes |= {f"RECONSTRUCTION_FIELD_OF_VIEW_{a}": v for a, v in zip("XYZ", FIELD_M, strict=True)}
    shared = {"field_of_view": FIELD_M, "hdf5_sub_name": "Backprojection", "algorithm_id": ""}
    writer.add_image(Reconstruction(images, WAVELENGTHS, attributes=dict(attributes), **shared))
    writer.add_image(SingleParameterData(saturation, ["so2"], attributes=dict(attributes), **shared))
    square = np.array([[3, 5], [5, 5], [5, 7], [3, 7]]) * 1e-3
    writer.add_roi(ROI(square, 1.0, 0, 0, "tumour", "left"))
    writer.file.close()
    return tmp_path / "scan.hdf5", images, saturation


def test_the_picture_is_the_one_that_patato_draws(written):
    import matplotlib as mpl

    mpl.use("Agg")
    from patato.io.hdf.hdf5_interface import HDF5Reader

    path, images, saturation = written
    cube = open_cube(path)
    drawn = HDF5Reader(str(path)).get_datasets()["recons"][("Backprojection", "0")].imshow(scalebar=False)
    assert drawn.origin == "lower"
    np.testing.assert_allclose(cube.data[:, :, 0], np.asarray(drawn.get_array())[::-1], rtol=1e-6)
    np.testing.assert_allclose(cube.oxygenation, saturation[0, 0, 0, ::-1], rtol=1e-6)
    assert cube.pixel_size_mm == pytest.approx((20 / 80, 25 / 100))
    np.testing.assert_allclose(
        open_cube(path, frame=1).data, images[1, :, 0, ::-1].transpose(1, 2, 0), rtol=1e-6
    )
    assert list_candidates(path)[:2] == ["recons/Backprojection/0", "preview reconstruction"]


def test_regions_cover_the_pixels_that_patato_masks(written):
    from patato.io.hdf.hdf5_interface import HDF5Reader

    path = written[0]
    reader = HDF5Reader(str(path))
    mask, _ = reader.get_rois()[("tumour_left", "0")].to_mask_slice(
        reader.get_datasets()["recons"][("Backprojection", "0")]
    )
    theirs, ours = np.squeeze(mask)[::-1], open_cube(path).labels == 1
    assert theirs.sum() > 40
    assert np.all(ours[theirs])  # ours has the pixels on the edges, too
    assert ours.sum() - theirs.sum() <= np.ptp(np.nonzero(ours), axis=1).sum() * 2 + 4
