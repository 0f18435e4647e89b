"""Conditions: deterministic at inference, noisy within known bounds in training."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_udt.errors import ModelError
from napari_udt.models.conditions import Conditions

HSI = Conditions(class_count=10, label_noise_level=0.5)
PAT = Conditions(class_count=7, label_noise_level=0.2, scales=3)
DOMAIN_ONLY = Conditions(class_count=0, label_noise_level=0.5)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_expected_condition_of_a_known_class():
    condition = HSI.expected((1,), "simulated", np.array([6]))
    classes = torch.full((10,), 0.25 / 3.5)
    classes[6] = 1.25 / 3.5
    torch.testing.assert_close(condition, torch.cat((torch.tensor([0.95, 0.05]), classes))[None])


@pytest.mark.parametrize(
    ("domain", "entries"),
    [("simulated", (0.95, 0.05)), ("real", (0.05, 0.95)), (0.5, (0.5, 0.5)), (1, (0.05, 0.95))],
)
def test_expected_domain(domain, entries):
    torch.testing.assert_close(HSI.expected((2,), domain)[:, :2], torch.tensor([entries, entries]))


def test_each_spectrum_may_have_its_own_domain():
    condition = DOMAIN_ONLY.expected((2,), torch.tensor([0.0, 1.0]))
    torch.testing.assert_close(condition, torch.tensor([[0.95, 0.05], [0.05, 0.95]]))


@pytest.mark.parametrize("labels", [None, np.array([-1, -1])])
def test_an_unknown_class_is_uniform(labels):
    torch.testing.assert_close(HSI.expected((2,), "real", labels)[:, 2:], torch.full((2, 10), 0.1))


def test_probabilities_mix_the_conditions_of_their_classes():
    mixed = np.zeros((1, 10), dtype=np.float32)
    mixed[0, [2, 5]] = 0.5
    pure = HSI.expected((2,), "real", np.array([2, 5]))
    torch.testing.assert_close(HSI.expected((1,), "real", mixed)[0], pure.mean(dim=0))


def test_images_have_one_condition_per_scale():
    labels = np.full((2, 8, 16), -1)
    labels[0] = 3
    finest, middle, coarsest = PAT.expected((2, 8, 16), "real", labels)
    assert finest.shape == (2, 9, 8, 16)
    assert middle.shape == (2, 2, 4, 8)
    assert coarsest.shape == (2, 2, 2, 4)
    torch.testing.assert_close(finest[0, 5], torch.full((8, 16), 1.1 / 1.7))
    torch.testing.assert_close(finest[1, 2:], torch.full((7, 8, 16), 1 / 7))
    torch.testing.assert_close(coarsest[0, :, 1, 2], torch.tensor([0.05, 0.95]))


def test_random_conditions_stay_within_the_noise_of_a_known_class():
    condition = HSI.random((500,), "real", torch.full((500,), 4), generator=generator())
    assert condition[:, 0].min() >= 0
    assert condition[:, 0].max() <= 0.1
    torch.testing.assert_close(condition[:, :2].sum(1), torch.ones(500))
    torch.testing.assert_close(condition[:, 2:].sum(1), torch.ones(500))
    assert torch.all(condition[:, 2:].argmax(1) == 4)
    assert condition[:, 2:].std(dim=0).min() > 0.001
    # own class (1 + 0.5 u) / sum against 0.5 u / sum: bounded as the paper's noise bounds it
    assert condition[:, 6].min() >= 1 / (1 + 9 * 0.5)
    assert condition[:, [2, 3, 4, 5, 7]].max() <= 0.5 / 1.5


def test_random_conditions_follow_their_generator():
    first, second, third = (HSI.random((5,), "real", generator=generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, third)


def test_an_unknown_spectrum_gets_a_random_class_and_a_known_one_keeps_its_own():
    labels = torch.tensor([-1] * 1000 + [7] * 10)
    drawn = HSI.random((1010,), "real", labels, generator=generator())[:, 2:].argmax(1)
    assert torch.all(drawn[1000:] == 7)
    assert torch.bincount(drawn[:1000], minlength=10).min() > 60


def test_an_unknown_pixel_gets_plain_noise():
    finest, middle, _ = PAT.random((1, 32, 64), "simulated", generator=generator())
    classes = finest[:, 2:]
    torch.testing.assert_close(classes.sum(1), torch.ones(1, 32, 64))
    torch.testing.assert_close(classes.mean(dim=(0, 2, 3)), torch.full((7,), 1 / 7), atol=0.01, rtol=0)
    assert classes.max() < 0.8
    assert middle[:, 1].std() > 0.02


def test_the_other_domain_keeps_the_class():
    condition = HSI.random((6,), "simulated", generator=generator())
    other = HSI.with_domain(condition, "real")
    assert torch.equal(other[:, 2:], condition[:, 2:])
    torch.testing.assert_close(other[:, :2], torch.tensor([[0.05, 0.95]] * 6))
    images = PAT.random((1, 8, 8), "simulated", generator=generator())
    others = PAT.with_domain(images, "real", generator())
    assert torch.equal(others[0][:, 2:], images[0][:, 2:])
    assert all(map_[:, 1].min() >= 0.9 for map_ in others)


def test_the_type_follows_the_data():
    like = torch.zeros(0, dtype=torch.float64)
    assert HSI.expected((2,), "real", like=like).dtype == torch.float64
    assert HSI.random((2,), "real", like=like).dtype == torch.float64


@pytest.mark.parametrize(
    ("domain", "labels", "message"),
    [
        ("mars", None, "domain 'mars' is unknown"),
        (1.5, None, r"outside \[0, 1\]"),
        ("real", np.array([0, 10]), "from 0 to 10; expected indices below 10"),
        ("real", np.array([0]), r"shape \(1,\); expected \(2,\)"),
        ("real", np.ones((2, 10)), "must sum to 1"),
        ("real", np.ones((2, 9)), r"shape \(2, 9\); expected \(2, 10\)"),
    ],
)
def test_what_does_not_fit_is_refused(domain, labels, message):
    with pytest.raises(ModelError, match=message):
        HSI.expected((2,), domain, labels)


def test_the_fixtures_recorded_conditions(shared):
    folder = shared / "fixtures/checkpoints"
    with (
        np.load(folder / "cinn_hsi_small/expected.npz") as expected,
        np.load(folder / "cinn_hsi_small/inputs.npz") as given,
    ):
        ours = HSI.expected((64,), "simulated", given["label_index_a"])
        np.testing.assert_allclose(ours, expected["a2b_mean_cond0_0"], atol=1e-6)
    maker = Conditions(class_count=7, label_noise_level=0.2, scales=5)
    with (
        np.load(folder / "cinn_pat_small/expected.npz") as expected,
        np.load(folder / "cinn_pat_small/inputs.npz") as given,
    ):
        ours = maker.expected((2, 32, 64), "simulated", given["segmentation_a"])
        for scale, condition in enumerate(ours):
            np.testing.assert_allclose(condition, expected[f"a2b_mean_cond0_{scale}"], atol=1e-6)
        unlabelled = maker.expected((2, 32, 64), "real")
        np.testing.assert_allclose(unlabelled[0], expected["b2a_mean_cond0_0"], atol=1e-6)
