import numpy as np
import pytest
import torch

from napari_udt.errors import TrainingError
from napari_udt.training.config import DataConfig
from napari_udt.training.samples import (
    balanced_weights,
    domain_statistics,
    make_samples,
    split_held_out,
    vary,
)


def data_config(**changes):
    return DataConfig(simulated="a.h5", second="b.h5", **changes)


def test_classes_are_drawn_equally_often_however_rare_they_are():
    labels = np.repeat([0, 1, 2, -1], [9000, 900, 100, 500])
    samples = make_samples(np.zeros((len(labels), 4), np.float32), labels, balanced=True)
    torch.manual_seed(0)
    _, drawn = samples.draw(30000)
    counts = torch.bincount(drawn)
    assert drawn.min() == 0
    assert counts.tolist() == pytest.approx([10000] * 3, rel=0.03)


def test_unbalanced_samples_are_drawn_as_they_come():
    labels = np.repeat([0, 1], [9000, 1000])
    samples = make_samples(np.zeros((10000, 4), np.float32), labels, balanced=False)
    torch.manual_seed(0)
    assert (samples.draw(20000)[1] == 1).float().mean().item() == pytest.approx(0.1, abs=0.01)


def test_values_and_labels_are_drawn_together():
    values = np.arange(50, dtype=np.float32)[:, None].repeat(3, axis=1)
    samples = make_samples(values, np.arange(50) % 5, balanced=True)
    drawn, labels = samples.draw(200)
    assert torch.equal(drawn[:, 0].long() % 5, labels)


def test_balancing_without_labels_is_refused():
    with pytest.raises(TrainingError, match="No sample has a label"):
        make_samples(np.zeros((3, 4), np.float32), np.full(3, -1), balanced=True)


def test_weights_of_every_class_sum_to_one():
    labels = torch.tensor([0, 0, 0, 2, -1])
    weights = balanced_weights(labels)
    torch.testing.assert_close(weights, torch.tensor([1 / 3, 1 / 3, 1 / 3, 1, 0], dtype=torch.float64))


def test_the_split_is_disjoint_complete_and_seeded():
    kept, held_out = split_held_out(101, 0.1, seed=3)
    assert len(held_out) == 10
    np.testing.assert_array_equal(np.sort(np.concatenate([kept, held_out])), np.arange(101))
    np.testing.assert_array_equal(held_out, split_held_out(101, 0.1, seed=3)[1])
    assert not np.array_equal(held_out, split_held_out(101, 0.1, seed=4)[1])
    assert [len(part) for part in split_held_out(2, 0.9, seed=0)] == [1, 1]


def test_an_animal_is_never_on_both_sides():
    animals = np.repeat(np.arange(20), 5)
    kept, held_out = split_held_out(100, 0.1, seed=3, groups=animals)
    assert len(np.unique(animals[held_out])) == 2
    assert not set(animals[kept]) & set(animals[held_out])
    assert len(kept) + len(held_out) == 100
    assert len(split_held_out(100, 0.1, seed=3, groups=np.zeros(100, int))[1]) == 10


def test_statistics_are_two_scalars_of_all_channels():
    values = np.array([[1.0, 3.0], [5.0, 7.0]], np.float32)
    assert domain_statistics(values) == pytest.approx((4.0, 5**0.5))
    assert domain_statistics(values, centre=False) == pytest.approx((0.0, 21**0.5))


def test_spectra_are_left_as_they_are():
    values = torch.rand(20, 10)
    varied, labels = vary(values, torch.arange(20), data_config())
    assert torch.equal(varied, values)
    assert torch.equal(labels, torch.arange(20))


def test_labels_follow_their_image_through_crops_and_flips():
    torch.manual_seed(0)
    picture = torch.arange(64.0).reshape(1, 8, 8).repeat(40, 1, 1)
    values, labels = vary(picture[:, None], picture.long(), data_config(noise=0.0, crop=(4, 6), flips=True))
    assert values.shape == (40, 1, 4, 6)
    assert torch.equal(values[:, 0].long(), labels)
    steps = {int(step) for step in (labels[:, 0, 1] - labels[:, 0, 0])}
    assert steps == {1, -1}
    assert labels[:, 0, 0].unique().numel() > 10
