"""Outlines in ImageJ's files and GeoJSON: what other programs write is read, what is written reads equal, labels and back."""

import json

import numpy as np
import pytest
import roifile
from skimage.draw import polygon

from napari_udt.errors import CubeError
from napari_udt.io.outlines import NamedOutline, as_labels, outlines_of, read_outlines, write_outlines

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
