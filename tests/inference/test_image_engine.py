"""The engine must give the plain network's numbers, however it gets there."""

import gc
import weakref

import pytest
import torch

from napari_udt.errors import ModelError
from napari_udt.inference import convolution, image_engine
from napari_udt.inference.image_engine import ImagePlan, prepared
from napari_udt.models.image_cinn import ImageCINN, Scale

CLASSES = 3
LIGHT = (Scale(2, 8, (3, 1, 3)), Scale(1, 12, (3, 1, 3)))
WIDE = (Scale(2, 48, (3, 3, 3)), Scale(1, 64, (3, 3, 3)), Scale(2, 80, (3, 3, 3)))
MIXED = (Scale(1, 9, (5, 3)), Scale(2, 50, (1, 3, 7)), Scale(1, 7, (1, 1)), Scale(1, 40, (3, 5, 3)))


def trained_looking(scales, channels: int = 6, clamp: float = 1.3) -> ImageCINN:
    """A network in float64 whose weights, scales and offsets all matter."""
    torch.manual_seed(len(scales))
    network = ImageCINN(channels, 2 + CLASSES, scales, clamp=clamp, initial_scale=0.7).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(2 * torch.randn_like(parameter) / max(4, parameter[0].numel()) ** 0.5)
    return network.requires_grad_(False)


def condition(domain: float, rows: int, columns: int, levels: int, pictures: int = 1) -> list[torch.Tensor]:
    """Conditions whose maps vary from pixel to pixel at every scale; float64."""
    generator = torch.Generator().manual_seed(7)
    classes = torch.rand(pictures, CLASSES, rows, columns, generator=generator).double()
    maps = []
    for level in range(levels):
        size = (pictures, 1, rows >> level, columns >> level)
        share = domain + 0.1 * torch.rand(size, generator=generator).double()
        maps.append(torch.cat((1 - share, share, *([classes] if level == 0 else [])), dim=1))
    return maps


def plain_transfer(network, x, source, target):
    latent, _ = network(x.double(), source)
    return network.inverse(latent, target)[0]


def check(network, x, source, target, threads=2):
    expected = plain_transfer(network, x, source, target)
    spread = float(expected.max() - expected.min())
    moved = ImagePlan(network, source, target, threads)(x)
    assert moved.dtype == torch.float32
    torch.testing.assert_close(moved.double(), expected, rtol=0, atol=2e-5 * spread)
    assert float((expected - x).abs().max()) > 0.05 * spread, "the transfer must change something"


@pytest.mark.parametrize(("rows", "columns"), [(16, 32), (8, 8), (40, 24), (56, 88)])
@pytest.mark.parametrize("scales", [LIGHT, WIDE, MIXED], ids=["light", "wide", "mixed"])
def test_the_plan_agrees_with_encode_and_decode(scales, rows, columns):
    network = trained_looking(scales)
    source, target = (condition(d, rows, columns, len(scales)) for d in (0.0, 0.9))
    check(network, torch.randn(1, 6, rows, columns), source, target)


@pytest.mark.parametrize("channels", [5, 16])
def test_odd_numbers_of_channels_are_split_as_the_network_does(channels):
    network = trained_looking(WIDE, channels)
    source, target = (condition(d, 24, 36, 3) for d in (0.9, 0.0))
    check(network, torch.randn(1, channels, 24, 36), source, target)


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_does_not_matter(threads):
    network = trained_looking(WIDE)
    source, target = (condition(d, 40, 64, 3) for d in (0.0, 0.9))
    before = torch.get_num_threads()
    check(network, torch.randn(1, 6, 40, 64), source, target, threads)
    assert torch.get_num_threads() == before


def test_every_picture_of_a_batch_has_its_condition():
    network = trained_looking(LIGHT)
    source, target = (condition(d, 12, 10, 2, pictures=3) for d in (0.0, 0.9))
    check(network, torch.randn(3, 6, 12, 10), source, target)


def test_one_condition_may_hold_for_all_pictures():
    network = trained_looking(LIGHT)
    source, target = (condition(d, 12, 10, 2) for d in (0.0, 0.9))
    x = torch.randn(3, 6, 12, 10)
    plan = ImagePlan(network, source, target)
    alone = torch.cat([plan(picture[None]) for picture in x])
    torch.testing.assert_close(plan(x), alone, rtol=0, atol=1e-5)


def test_other_devices_run_the_plain_network(monkeypatch):
    monkeypatch.setattr(image_engine, "prepared", None)
    network = trained_looking(LIGHT).to("meta")
    source, target = ([m.to("meta") for m in condition(d, 12, 10, 2)] for d in (0.0, 0.9))
    moved = ImagePlan(network, source, target)(torch.empty(3, 6, 12, 10, device="meta", dtype=torch.float64))
    assert moved.shape == (3, 6, 12, 10)
    assert moved.device.type == "meta"


def test_the_same_condition_on_both_sides_changes_nothing():
    network = trained_looking(WIDE)
    source = condition(0.3, 32, 32, 3)
    x = torch.randn(1, 6, 32, 32)
    torch.testing.assert_close(ImagePlan(network, source, source)(x), x, rtol=0, atol=5e-5)


def test_without_memory_for_transformed_weights_the_numbers_are_the_same(monkeypatch):
    monkeypatch.setattr(convolution, "available_bytes", lambda: 1000)
    # not measured here: the measurement would need the convolution that is taken away
    monkeypatch.setattr(convolution, "fastest_way", lambda inputs, outputs: convolution._WINOGRAD)
    monkeypatch.setattr(convolution.winograd, "convolve", None)
    network = trained_looking(WIDE)
    source, target = (condition(d, 32, 48, 3) for d in (0.0, 0.9))
    check(network, torch.randn(1, 6, 32, 48), source, target)


def test_the_picture_given_is_left_as_it_was():
    network = trained_looking(LIGHT)
    source, target = (condition(d, 12, 10, 2) for d in (0.0, 0.9))
    x = torch.randn(1, 6, 12, 10)
    before = x.clone()
    ImagePlan(network, source, target)(x)
    assert torch.equal(x, before)


def test_prepared_weights_stay_until_the_network_changes():
    network = trained_looking(LIGHT)
    first = prepared(network)
    assert prepared(network) is first
    network.load_state_dict(network.state_dict())
    second = prepared(network)
    assert second is not first
    network.float()
    assert prepared(network) is not second


def test_prepared_weights_go_with_the_network():
    network = trained_looking(LIGHT)
    passes = weakref.ref(prepared(network))
    assert network in image_engine._PREPARED
    del network
    gc.collect()
    assert passes() is None


def test_changed_weights_are_seen():
    network = trained_looking(LIGHT)
    source, target = (condition(d, 8, 8, 2) for d in (0.0, 0.9))
    x = torch.randn(1, 6, 8, 8)
    check(network, x, source, target)
    with torch.no_grad():
        network.scales[0][0].subnet[-1].bias.add_(3.0)
    check(network, x, source, target)


def test_pictures_that_cannot_be_halved_are_refused():
    network = trained_looking(WIDE)
    source, target = (condition(d, 18, 16, 3) for d in (0.0, 0.9))
    with pytest.raises(ModelError, match="multiples of 4"):
        ImagePlan(network, source, target)(torch.randn(1, 6, 18, 16))
