import json

import numpy as np
import pytest

from napari_udt.errors import SimulationError
from napari_udt.simulation.fit_anatomy import as_json, fit_body_parts, fit_outline
from napari_udt.simulation.measured_tables import LabelMaps
from napari_udt.simulation.outline import Outline


def label_map(left_depth: int, right_depth: int, *vessels: tuple[slice, slice]) -> np.ndarray:
    picture = np.ones((200, 200), dtype=np.uint8)
    for columns, depth in ((slice(100), left_depth), (slice(100, 200), right_depth)):
        picture[depth:, columns] = 3
        picture[depth : depth + 4, columns] = 2
    for vessel in vessels:
        picture[vessel] = 4
    return picture


def test_contour_and_vessels_are_found_in_the_map():
    flat, tall = (slice(60, 66), slice(10, 40)), (slice(80, 100), slice(120, 150))
    speck = (slice(150, 152), slice(5, 7))
    forearm = label_map(50, 30, flat, tall, speck)
    parts, errors = fit_body_parts(LabelMaps(0.1, {"human_forearm": forearm, "finger": label_map(40, 40)}))
    part = parts["human_forearm"]
    left, right = part.contour(np.array([-6.0, 6.0]))
    assert left - right == pytest.approx(2.0, abs=0.1)
    assert part.half_width_mm == 10
    sizes = [(outline.half_width_mm, outline.half_height_mm) for outline in part.outlines]
    assert sizes == [(1.5, 1.0), (1.5, 0.3)]  # tallest first, no speck
    assert errors["human_forearm"]["outline_dice"] == [1, 1]
    assert errors["finger"] == {"contour_rms_mm": 0, "contour_largest_mm": 0, "outline_dice": []}
    json.dumps(as_json(part))


def test_a_missing_body_part_is_named():
    with pytest.raises(SimulationError, match="finger"):
        fit_body_parts(LabelMaps(0.1, {"human_forearm": label_map(5, 5)}))


def test_the_outline_of_an_ellipse_covers_the_ellipse():
    u, v = (np.arange(80) + 0.5) / 40 - 1, (np.arange(40)[:, None] + 0.5) / 20 - 1
    ellipse = u**2 + v**2 < 1
    found = fit_outline(ellipse, 0.05).covers(u, v)
    assert 2 * np.sum(found & ellipse) / (found.sum() + ellipse.sum()) > 0.96
    assert not fit_outline(ellipse, 0.05).covers(np.array([1.01, -1.01, 0]), np.array([0, 0, 1.01])).any()


def test_mirroring_swaps_left_and_right():
    rising = Outline((0.0, 0.5), (0.3, 0.1), 1.0, 1.0)
    u, v = np.linspace(-0.99, 0.99, 50), np.linspace(-0.99, 0.99, 40)[:, None]
    np.testing.assert_array_equal(rising.mirrored().covers(u, v), rising.covers(-u, v))
    assert not np.array_equal(rising.mirrored().covers(u, v), rising.covers(u, v))
    assert rising.mirrored().mirrored() == rising
