"""Which structures a picture holds."""

import numpy as np
import pytest

from napari_udt.spectral.labels import present


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int32, np.int64])
@pytest.mark.parametrize("shape", [(7,), (5, 9)])
def test_it_is_numpy_s_unique(kind, shape):
    labels = np.random.default_rng(1).choice([0, 3, 4, 100], shape).astype(kind)
    numbers, places = present(labels)
    wanted, inverse = np.unique(labels, return_inverse=True)
    np.testing.assert_array_equal(numbers, wanted)
    np.testing.assert_array_equal(places, inverse.reshape(shape))
    np.testing.assert_array_equal(numbers[places], labels)


def test_negative_and_extreme_numbers():
    for labels in (
        np.array([-1, 5, -1, 2]),
        np.array([-128, 127], np.int8),
        np.array([0, 2**40, 2**62]),
        np.array([2**64 - 1, 2**64 - 3], np.uint64),
        np.array([np.iinfo(np.int64).min, np.iinfo(np.int64).max]),
    ):
        numbers, places = present(labels)
        np.testing.assert_array_equal(numbers, np.unique(labels))
        np.testing.assert_array_equal(numbers[places], labels)


def test_no_pixels():
    numbers, places = present(np.zeros((0, 4), np.int32))
    assert numbers.size == 0
    assert places.shape == (0, 4)
