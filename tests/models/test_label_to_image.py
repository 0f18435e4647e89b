"""Pictures made from labels: what is drawn, what follows from the labels, what is refused."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from model_specs import pat_spec
from scipy import stats

from napari_udt.errors import ModelError
from napari_udt.models import load_model, save_model
from napari_udt.models.assemble import transfer_model
from napari_udt.models.build import build_network
from napari_udt.models.haar import haar_downsample
from napari_udt.models.label_to_image import truncated_normal

LABELS = np.zeros((2, 16, 16), np.int64)
LABELS[:, 4:, :] = 1
LABELS[1, 8:12, 8:12] = 2


def spec(**changes):
    architecture = {"widths": [6, 4], "latent": 3, "texture": 2, "wavelets": True}
    return pat_spec(kind="label_to_image", architecture=architecture | changes)


@pytest.fixture(params=[True, False], ids=["wavelets", "pixels"])
def model(request):
    made = spec(wavelets=request.param)
    torch.manual_seed(0)
    network = build_network(made)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return transfer_model(made, network.requires_grad_(False))


@pytest.mark.parametrize("bound", [0.1, 0.5, 1.0, 2.0, 3.0])
def test_the_code_is_drawn_from_the_truncated_normal_distribution(bound):
    drawn = truncated_normal((20_000,), bound, torch.Generator().manual_seed(1)).numpy()
    assert np.abs(drawn).max() <= bound + 1e-6
    assert stats.kstest(drawn, stats.truncnorm(-bound, bound).cdf).pvalue > 0.01
    assert drawn.std() == pytest.approx(stats.truncnorm(-bound, bound).std(), rel=0.02)


def test_the_bound_scales_a_code_that_stays_the_same():
    codes = [
        truncated_normal((500,), bound, torch.Generator().manual_seed(2)) for bound in (0, 0.5, 1, 2, 3, None)
    ]
    assert not codes[0].any()
    assert all(bool((b.abs() >= a.abs()).all()) for a, b in pairwise(codes))
    assert all(bool((torch.sign(codes[1]) == torch.sign(c)).all()) for c in codes[2:])
    for bound in (-0.1, 3.5):
        with pytest.raises(ModelError, match="expected a number from 0 to 3"):
            truncated_normal((1,), bound)


@pytest.mark.parametrize("wavelets", [True, False])
def test_an_untrained_network_gives_every_class_its_mean_spectrum(wavelets):
    network = build_network(spec(wavelets=wavelets)).requires_grad_(False)
    values, labels = torch.randn(3, 3, 8, 8), torch.randint(0, 2, (3, 8, 8))
    network.fit(values, labels)
    for kind in (0, 1):
        own = values.movedim(1, -1)[labels == kind]
        assert torch.allclose(network.spectra[kind], own.mean(dim=0), atol=1e-6)
    assert torch.allclose(network.spectra[2], values.mean(dim=(0, 2, 3)), atol=1e-6)
    classes = torch.nn.functional.one_hot(torch.from_numpy(LABELS), 3).movedim(-1, 1).float()
    made = network(classes, torch.randn(2, 3), torch.randn(2, 2, 16, 16))
    assert torch.allclose(made, network.spectra[torch.from_numpy(LABELS)].movedim(-1, 1))


def test_the_bands_of_the_finest_scale_are_those_of_the_picture():
    network = build_network(spec()).requires_grad_(False)
    network.bands[1].bias.copy_(torch.arange(12.0) / 12)  # the coarser scale gives nothing
    classes = torch.zeros(1, 3, 16, 16)
    made = network(classes, torch.zeros(1, 3), torch.zeros(1, 2, 16, 16))
    bands = haar_downsample(made)
    assert torch.allclose(bands, network.bands[1].bias[None, :, None, None].expand_as(bands), atol=1e-6)


def test_labels_and_seed_decide_the_picture(model):
    first, again, other = (model.generate(LABELS, seed) for seed in (4, 4, 5))
    assert first.shape == (2, 3, 16, 16)
    assert torch.equal(first, again)
    assert (first - other).abs().mean() > 1e-3
    alone = model.generate(LABELS[1:], 4)  # whatever stands before it in a batch
    assert torch.allclose(alone[0], first[1], atol=1e-4)
    x = np.zeros((2, 3, 16, 16), np.float32)
    assert np.array_equal(model.translate(x, "simulated", "real", LABELS, seed=4), first.numpy())
    moved = model.translate(x + 7, "simulated", "real", LABELS, seed=4)
    assert np.array_equal(moved, first.numpy())  # of the source nothing counts


def test_pictures_vary_less_the_nearer_the_code_is_to_its_mean(model):
    spread = []
    for bound in (0.0, 0.5, 1.0, 2.0, 3.0, None):
        made = torch.stack([model.generate(LABELS[:1], seed, bound)[0] for seed in range(12)])
        spread.append(float(made.var(dim=0).mean()))
    assert spread[0] == 0
    assert all(a < b for a, b in pairwise(spread))


def test_what_has_no_meaning_is_refused(model):
    x = np.zeros((2, 3, 16, 16), np.float32)
    with pytest.raises(ModelError, match="no likelihood"):
        model.log_likelihood(x, "real", LABELS)
    with pytest.raises(ModelError, match="there is no way back"):
        model.translate(x, "real", "simulated", LABELS)
    with pytest.raises(ModelError, match="from labels alone, and none were given"):
        model.translate(x, "simulated", "real")
    with pytest.raises(ModelError, match="15 x 16 pixels"):
        model.generate(LABELS[:, :15])
    with pytest.raises(ModelError, match="'class' for pictures from labels"):
        pat_spec(kind="label_to_image", condition="none", architecture={})
    for changes in ({"widths": []}, {"latent": 0}, {"texture": -1}, {"wavelets": 1}):
        with pytest.raises(ModelError, match="its architecture"):
            build_network(spec(**changes))


def test_a_saved_model_makes_the_same_pictures(model, tmp_path):
    save_model(model, tmp_path / "saved")
    loaded = load_model(tmp_path / "saved")
    assert torch.equal(loaded.generate(LABELS, 3, 1.0), model.generate(LABELS, 3, 1.0))
