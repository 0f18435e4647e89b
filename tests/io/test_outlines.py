"""Outlines in ImageJ's files and GeoJSON: what other programs write is read, what is written reads equal, labels and back."""

import json

import numpy as np
import pytest
import roifile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pa_scenes import arc_mm, write_ithera, write_patato
from scipy.ndimage import binary_fill_holes, gaussian_filter, label
from skimage.draw import polygon

from napari_udt.errors import CubeError
from napari_udt.io import open_cube, save_cube
from napari_udt.io.outlines import NamedOutline, as_labels, outlines_of, read_outlines, write_outlines
from napari_udt.io.picture_place import PicturePlace

SQUARE = NamedOutline("vein", "polygon", ((2.0, 3.0), (2.0, 8.0), (6.0, 8.0), (6.0, 3.0)))
TRIANGLE = NamedOutline("artery", "polygon", ((10.0, 1.0), (15.0, 1.0), (12.5, 6.0)))


def mask(outline, shape=(20, 20)):
    found = np.zeros(shape, bool)
    corners = np.array(outline.vertices)
    found[polygon(corners[:, 0], corners[:, 1], shape)] = True
    return found


def bounded(kind, name, **edges):
    """Return a region as ImageJ describes it by its bounding box: right and bottom are the first pixel outside."""
    roi = roifile.ImagejRoi.frompoints(np.zeros((3, 2), np.int16), name=name)
    roi.roitype = kind
    for edge, value in edges.items():
        setattr(roi, edge, value)
    return roi


def test_a_region_that_imagej_wrote(tmp_path):
    # ImageJ's rectangle from (x 3, y 2) of width 5 and height 4 covers the pixels 3-7 and 2-5.
    roi = bounded(roifile.ROI_TYPE.RECT, "vein", left=3, top=2, right=8, bottom=6)
    roi.tofile(tmp_path / "x.roi")
    (found,) = read_outlines(tmp_path / "x.roi")
    assert (found.name, found.kind) == ("vein", "polygon")
    assert sorted(zip(*np.nonzero(mask(found)), strict=True)) == [
        (r, c) for r in range(2, 6) for c in range(3, 8)
    ]


def test_ovals_and_lines_of_imagej(tmp_path):
    kinds = (roifile.ROI_TYPE.OVAL, roifile.ROI_TYPE.POLYLINE)
    rois = [bounded(kind, kind.name, left=0, top=0, right=10, bottom=6) for kind in kinds]
    roifile.roiwrite(tmp_path / "x.zip", rois)
    (found,) = read_outlines(tmp_path / "x.zip")
    assert (found.name, found.kind) == ("OVAL", "ellipse")
    np.testing.assert_allclose(np.mean(found.vertices, axis=0), [2.5, 4.5])


@pytest.mark.parametrize("ending", [".zip", ".geojson", ".json"])
def test_what_is_written_reads_equal(tmp_path, ending):
    write_outlines([SQUARE, TRIANGLE], tmp_path / f"x{ending}")
    assert read_outlines(tmp_path / f"x{ending}") == [SQUARE, TRIANGLE]


@pytest.mark.parametrize("ending", [".zip", ".geojson"])
@pytest.mark.parametrize("tilt", [0.0, 0.4])
def test_ellipses_keep_their_area(tmp_path, ending, tilt):
    corners = np.array([[-3, -6], [-3, 6], [3, 6], [3, -6.0]])
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    box = corners @ turn.T + (9.5, 9.5)
    ellipse = NamedOutline("liver", "ellipse", tuple(map(tuple, box)))
    write_outlines([ellipse], tmp_path / f"x{ending}")
    (found,) = read_outlines(tmp_path / f"x{ending}")
    np.testing.assert_allclose(np.mean(found.vertices, axis=0), [9.5, 9.5], atol=0.1)
    if found.kind == "polygon":
        assert mask(found).sum() == pytest.approx(np.pi * 18, rel=0.1)


def test_qupath_and_plain_geojson(tmp_path):
    ring = [[3, 2], [8, 2], [8, 6], [3, 6], [3, 2]]
    hole = [[4, 3], [5, 3], [5, 4], [4, 3]]
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [ring, hole]},
            "properties": {"classification": {"name": "vein"}, "name": "other"},
        },
        {
            "type": "Feature",
            "geometry": {"type": "MultiPolygon", "coordinates": [[ring], [ring]]},
            "properties": None,
        },
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}},
        "no feature",
    ]
    (tmp_path / "x.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    found = read_outlines(tmp_path / "x.geojson")
    assert [outline.name for outline in found] == ["vein", "", ""]
    assert found[0].vertices[0] == (1.5, 2.5)
    (tmp_path / "x.json").write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    assert len(read_outlines(tmp_path / "x.json")) == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.geojson", b"{", "damaged"),
        ("x.geojson", b'{"features": []}', "no closed outline"),
        (
            "x.geojson",
            b'{"type": "Polygon", "coordinates": [[[1, 1], [2, 1e300], [1, 2]]]}',
            "no closed outline",
        ),
        ("x.geojson", b'{"type": "Polygon", "coordinates": [["a"]]}', "damaged"),
        ("x.roi", b"nothing of ImageJ", "damaged"),
        ("x.zip", b"PK", "damaged"),
        ("x.txt", b"", "expected outlines in a file that ends with"),
    ],
)
def test_bad_files_get_one_sentence(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CubeError, match=message) as refused:
        read_outlines(tmp_path / name)
    assert name in str(refused.value)


def test_several_outlines_do_not_fit_into_one_roi(tmp_path):
    with pytest.raises(CubeError, match=r"2 outlines cannot be written"):
        write_outlines([SQUARE, TRIANGLE], tmp_path / "x.roi")
    write_outlines([SQUARE], tmp_path / "x.roi")
    assert read_outlines(tmp_path / "x.roi") == [SQUARE]


def test_regions_become_structures_and_back():
    outlines = [
        SQUARE,
        TRIANGLE,
        NamedOutline("vein", "polygon", ((15.0, 10.0), (15.0, 18.0), (18.0, 18.0), (18.0, 10.0))),
    ]
    labels, names = as_labels([(o.name, mask(o)) for o in outlines], (20, 20))
    assert names == {0: "unlabelled", 1: "vein", 2: "artery"}
    assert (labels == 1).sum() == mask(outlines[0]).sum() + mask(outlines[2]).sum()
    back = outlines_of(labels, {1: "vein", 2: "artery"})
    assert [outline.name for outline in back] == ["vein", "vein", "artery"]
    again, _ = as_labels([(o.name, mask(o)) for o in back], (20, 20))
    np.testing.assert_array_equal(again, labels)


def structures(seed, shape=(40, 36)):
    """Labels of smooth random structures without holes, islands of fewer than four pixels, or corners that touch."""
    fields = np.stack([gaussian_filter(np.random.default_rng((seed, n)).random(shape), 3) for n in range(3)])
    fields = (fields - fields.mean((1, 2), keepdims=True)) / fields.std((1, 2), keepdims=True)
    largest, found = fields.argmax(0), np.zeros(shape, np.int32)
    for number in range(3):
        parts, count = label((largest == number) & (fields[number] > 0.8))
        for part in range(1, count + 1):
            whole = binary_fill_holes(parts == part)
            if whole.sum() >= 4 and not found[whole].any():
                found[whole] = number + 1
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000), ending=st.sampled_from([".zip", ".geojson"]))
def test_labels_as_regions_in_a_file_and_back(tmp_path_factory, seed, ending):
    """Labels, outlines, a file, outlines and labels again: the same pixels under the same names."""
    labels, names = structures(seed), {1: "vein", 2: "artery", 3: "fat, left"}
    outlines = outlines_of(labels, names)
    if not outlines:
        return
    path = tmp_path_factory.mktemp("regions") / f"x{ending}"
    write_outlines(outlines, path)
    found = read_outlines(path)
    again, called = as_labels([(o.name, mask(o, labels.shape)) for o in found], labels.shape)
    for number, name in names.items():
        numbers = [n for n, known in called.items() if known == name]
        np.testing.assert_array_equal(np.isin(again, numbers), labels == number)
    write_outlines(found, path)
    assert read_outlines(path) == found, "what was read once is written equal"


SQUARE_MM = np.array([[-3.0, 1.0], [4.0, 1.0], [4.0, 6.0], [-3.0, 6.0]])


def test_regions_of_a_patato_scan_are_drawn_where_its_labels_lie(tmp_path):
    path = write_patato(
        tmp_path / "x.hdf5",
        recons={("BP", "0"): np.random.default_rng(0).random((2, 3, 1, 40, 41))},
        rois={("vein_", "0"): (SQUARE_MM / 1e3, {"z": 10.0}), ("fat_", "0"): (-SQUARE_MM / 1e3, {"z": 12.0})},
        stage=np.array([[10.0] * 3, [12.0] * 3]),
    )
    cube = open_cube(path)
    for picture, name in zip(cube.series, ("vein_", "fat_"), strict=True):
        (outline,) = read_outlines(path, picture)
        assert outline.name == name
        np.testing.assert_array_equal(mask(outline, picture.shape[:2]), picture.labels > 0)
    save_cube(cube, tmp_path / "y.udt.h5")
    kept = open_cube(tmp_path / "y.udt.h5")
    assert read_outlines(path, kept) == read_outlines(path, cube), "a saved cube knows its place"
    assert len(read_outlines(path, open_cube(path, frame="mean"))) == 2


def test_regions_of_ilabs_are_drawn_where_the_labels_lie(tmp_path):
    elements = {"Resolution": 40, "Roi": 0.02}
    folder = write_ithera(
        tmp_path / "S",
        detectors_mm=arc_mm(),
        pictures=[("ab-cd", np.zeros((1, 3, 40, 40)), elements)],
        frames=1,
    )
    region = {"type": "Ellipse", "pos": "(0.001, 0.002)", "size": "(0.006, 0.002)", "angle": 0}
    regions = [
        {"__classname": "vein", "Sweeps": [1], "ROIList": [region]},
        {"Sweeps": [2], "ROIList": [region]},
    ]
    (folder / "S.iannotation").write_text(json.dumps({"Annotations": regions}))
    cube = open_cube(folder)
    (outline,) = read_outlines(folder / "S.iannotation", cube)
    assert outline.name == "vein_0"
    np.testing.assert_array_equal(mask(outline, cube.shape[:2]), cube.labels > 0)
    write_outlines([outline], tmp_path / "x.zip")
    (back,) = read_outlines(tmp_path / "x.zip")
    np.testing.assert_allclose(back.vertices, outline.vertices, atol=1e-3)  # ImageJ keeps single precision


@pytest.mark.parametrize("ending", [".hdf5", ".iannotation"])
def test_regions_in_lengths_need_a_cube_that_knows_its_place(tmp_path, ending):
    (tmp_path / f"x{ending}").write_bytes(b"{}")
    with pytest.raises(CubeError, match="its regions are in lengths"):
        read_outlines(tmp_path / f"x{ending}")


def test_places_of_pictures():
    place = PicturePlace((41, 81), ((-10.0, 10.0), (0.0, 20.0)))
    np.testing.assert_allclose(place.pixels(np.array([[0.0, 10.0], [20.0, -10.0]])), [[0, 0], [40, 80]])
    assert place.pixel_size_mm == (0.5, 0.25)
    assert PicturePlace.of((41, 81), place.to_metadata()) == place
    assert PicturePlace((1, 5), ((0.0, 1.0), (0.0, 1.0))).to_metadata() == {}
    for said in ({}, {"picture_mm": 3}, {"picture_mm": {"rows": [1, 0], "columns": [0, 1], "up": 1}}):
        assert PicturePlace.of((41, 81), said) is None
