"""Moments over the recent batches: those of all their samples, weighted by age; gradients for the newest alone."""

import numpy as np
import pytest
import torch

from napari_udt.training.running import Moments, RecentSamples, RunningMoments, merged
from napari_udt.training.terms import class_moments


@pytest.fixture
def batches():
    torch.manual_seed(0)
    return [(torch.randn(30, 4).double() + k, torch.randint(0, 2, (30,))) for k in range(3)]


def biased(values, labels):
    """Moments whose variance counts every sample once."""
    count, mean, variance = class_moments(values, labels, 2)
    return Moments(count, mean, variance * ((count - 1) / count)[:, None])


def test_merged_moments_are_those_of_all_samples(batches):
    (a, first), (b, second), _ = batches
    together = merged(biased(a, first), biased(b, second))
    expected = biased(torch.cat((a, b)), torch.cat((first, second)))
    for found, wanted in zip(together, expected, strict=True):
        torch.testing.assert_close(found, wanted)


def test_older_batches_count_less(batches):
    running = RunningMoments(0.5)
    found = [running(class_moments(values, labels, 2)) for values, labels in batches][-1]
    weights = np.repeat([0.25, 0.5, 1.0], 30)
    values = torch.cat([v for v, _ in batches]).numpy()
    labels = torch.cat([own for _, own in batches]).numpy()
    for k in range(2):
        own = labels == k
        assert float(found.samples[k]) == pytest.approx(weights[own].sum())
        np.testing.assert_allclose(found.mean[k], np.average(values[own], axis=0, weights=weights[own]))


def test_without_memory_they_are_the_batchs_own(batches):
    running = RunningMoments(0.0)
    for values, labels in batches:
        batch = class_moments(values, labels, 2)
        assert running(batch) is batch
    assert running.state() == {}


def test_a_class_that_the_batch_lacks_is_remembered(batches):
    running = RunningMoments(0.9)
    before = running(class_moments(*batches[0], 2))
    values = batches[1][0]
    after = running(class_moments(values, torch.zeros(30, dtype=torch.long), 2))
    torch.testing.assert_close(after.mean[1], before.mean[1])


def test_the_gradient_is_as_strong_as_without_memory(batches):
    """Where the past agrees with the present, the memory changes nothing about the step."""
    values, labels = batches[0]

    def gradient(memory, repetitions):
        running, x = RunningMoments(memory), values.clone().requires_grad_()
        for _ in range(repetitions):
            running(class_moments(values, labels, 2))
        loss = running(class_moments(x, labels, 2)).mean.square().mean()
        running.unhurried(loss).backward()
        return x.grad

    torch.testing.assert_close(gradient(0.5, 60), gradient(0.0, 0))


def test_a_restored_memory_goes_on_where_it_was(batches):
    running, other = RunningMoments(0.9), RunningMoments(0.9)
    running(class_moments(*batches[0], 2))
    other.restore(running.state())
    for found, wanted in zip(*(r(class_moments(*batches[1], 2)) for r in (running, other)), strict=True):
        assert torch.equal(found, wanted)


def test_recent_samples_are_some_of_each_class_and_batch(batches):
    recent = RecentSamples(2, per_class=5)
    for i, (values, labels) in enumerate(batches):
        found, kinds, count = recent(values, labels)
        assert count == min(i + 1, 2)
        assert np.bincount(kinds).tolist() == [5 * count, 5 * count]
        pool = torch.cat([v for v, _ in batches[max(0, i - 1) : i + 1]])
        assert all((pool == row).all(dim=1).any() for row in found)


def test_only_the_newest_samples_bear_gradients_and_the_unknown_are_left_out(batches):
    recent = RecentSamples(3, per_class=4)
    past = batches[0][0].clone().requires_grad_()
    recent(past, batches[0][1])
    newest, labels = batches[1][0].clone().requires_grad_(), torch.full((30,), -1)
    labels[:10] = 1
    values, kinds, _ = recent(newest, labels)
    values.sum().backward()
    assert past.grad is None
    assert int((newest.grad != 0).any(dim=1).sum()) == 4
    assert (kinds >= 0).all()


def test_restored_samples_go_on_where_they_were(batches):
    recent, other = RecentSamples(3), RecentSamples(3)
    recent(*batches[0])
    other.restore(recent.state())
    torch.manual_seed(1)
    first = recent(*batches[1])
    torch.manual_seed(1)
    for found, wanted in zip(other(*batches[1]), first, strict=True):
        assert found == wanted if isinstance(found, int) else torch.equal(found, wanted)
