import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import norm

from napari_udt.evaluation.texture import edge_sharpness, heterogeneity, texture

SKIN, MUSCLE, VESSEL = 1, 2, 3


def test_heterogeneity_of_log_normal_values_is_their_log_spread_at_any_scale():
    values = np.exp(0.3 * np.random.default_rng(0).standard_normal(20_000))
    assert heterogeneity(values) == pytest.approx(0.3, rel=0.02)
    assert heterogeneity(7 * values) == pytest.approx(heterogeneity(values))
    assert heterogeneity(np.append(values, [0, -1])) == heterogeneity(values)
    assert np.isnan(heterogeneity(-values))


def disc_picture(blur=0.0, inside=5.0, outside=1.0):
    rows, columns = np.mgrid[:60, :60]
    mask = (rows - 30) ** 2 + (columns - 30) ** 2 < 20**2
    picture = np.where(mask, inside, outside)
    return (gaussian_filter(picture, blur) if blur else picture), mask


def test_a_straight_step_is_as_sharp_as_the_gaussian_that_looks_at_it():
    mask = np.zeros((40, 40), bool)
    mask[:, 20:] = True
    (sharpness,) = edge_sharpness(np.where(mask, 3.0, 1.0), mask)
    assert sharpness == pytest.approx(norm.pdf(0.5), rel=0.05)  # pixels lie half a pixel beside the edge


def test_sharpness_falls_with_blur_and_knows_neither_scale_nor_sign():
    (sharp,), (soft,), (softer,) = (edge_sharpness(*disc_picture(blur)) for blur in (0, 1, 3))
    assert sharp > soft > softer > 0
    picture, mask = disc_picture(1)
    assert edge_sharpness(-3 * picture + 2, mask) == [pytest.approx(soft)]


def test_a_picture_that_lies_a_little_beside_its_labels_stays_sharp():
    picture, mask = disc_picture()
    assert edge_sharpness(np.roll(picture, 2, axis=0), mask)[0] == pytest.approx(
        edge_sharpness(picture, mask)[0], rel=0.1
    )


def test_every_region_counts_alone_and_there_is_no_sharpness_without_a_range():
    picture, mask = disc_picture()
    assert edge_sharpness(picture, np.zeros_like(mask)) == []
    assert np.isnan(edge_sharpness(np.ones_like(picture), mask)).all()
    two = np.zeros_like(mask)
    two[5:15, 5:15] = two[40:50, 40:50] = True
    two[0, 0] = True  # too small
    assert edge_sharpness(np.where(two, 2.0, 1.0), two) == pytest.approx([0.36, 0.36], rel=0.1)


def test_texture_is_the_median_over_pictures_of_each_tissue():
    rng = np.random.default_rng(0)
    picture, mask = disc_picture()
    labels = np.where(mask, VESSEL, MUSCLE)
    labels[:3] = SKIN
    pictures = np.stack(
        [picture * np.exp(spread * rng.standard_normal((60, 60))) for spread in (0.1, 0.2, 0.6)]
    )
    pictures[0, 0, 0] = -1
    found = texture(pictures, np.stack([labels] * 3), (SKIN,), (MUSCLE,), (VESSEL,))
    assert found.skin == pytest.approx(0.2, rel=0.15)
    assert found.background == pytest.approx(0.2, rel=0.05)
    assert found.dark_share == pytest.approx(1 / (3 * np.sum(labels != VESSEL)))
    assert found.sharpness_per_pixel == pytest.approx(
        np.median([edge_sharpness(p, mask)[0] for p in pictures])
    )
