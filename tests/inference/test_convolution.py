"""Whatever way a convolution goes, it gives the same numbers; which way it goes follows from size and memory."""

import pytest
import torch
from torch.nn import functional

from napari_udt.inference import convolution
from napari_udt.inference.convolution import Convolution
from napari_udt.inference.thread_pool import thread_pool

SIZES = [(32, 16), (33, 18), (7, 5), (1, 1)]


def make(inputs, outputs, kernel, **options):
    torch.manual_seed(kernel)
    weight = torch.randn(outputs, inputs, kernel, kernel) / (kernel * inputs**0.5)
    bias = torch.randn(outputs)
    return Convolution(weight, bias, **options), weight.double(), bias.double()


def run(layer, x, threads=1):
    rows, columns = x.shape[1:]
    layer.prepare(rows, columns)
    padded = torch.zeros(layer.padded_shape(rows, columns))
    edge = layer.border
    padded[edge : edge + rows, edge : edge + columns] = x.permute(1, 2, 0)
    out = torch.full((rows + 1, columns + 2, layer.outputs + 3), torch.nan)
    with thread_pool(threads) as workers:
        layer(padded, out[:rows, 1:-1, 3:], workers)
    assert torch.isnan(out[rows:]).all()
    assert torch.isnan(out[:, [0, -1]]).all()
    return out[:rows, 1:-1, 3:].permute(2, 0, 1).double()


@pytest.mark.parametrize(("rows", "columns"), SIZES)
@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize(("tiles", "values", "outputs", "threads"), [(1, 99, 7, 3), (256, 1 << 20, 64, 1)])
def test_it_is_the_convolution(rows, columns, kernel, relu, tiles, values, outputs, threads, monkeypatch):
    monkeypatch.setattr(convolution, "_STRIP_TILES", tiles)
    monkeypatch.setattr(convolution, "_STRIP_VALUES", values)
    monkeypatch.setattr(convolution, "_FEWEST_OUTPUTS", outputs)
    factor = torch.linspace(0.5, 2, 48)
    layer, weight, bias = make(40, 48, kernel, relu=relu, output_scale=factor)
    x = torch.randn(40, rows, columns)
    weight = weight * factor.double()[:, None, None, None]
    expected = functional.conv2d(x.double()[None], weight, bias, padding=kernel // 2)[0]
    expected = expected.relu() if relu else expected
    torch.testing.assert_close(run(layer, x, threads), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("inputs", "outputs", "kernel", "side", "expected"),
    [(64, 64, 3, 32, True), (64, 64, 3, 8, False), (64, 8, 3, 32, False), (64, 64, 5, 32, False)],
    ids=["large", "too few tiles", "too few channels", "another kernel"],
)
def test_large_layers_go_the_winograd_way(inputs, outputs, kernel, side, expected, monkeypatch):
    monkeypatch.setattr(convolution, "fastest", lambda question, names, ways: names[0])
    layer, *_ = make(inputs, outputs, kernel)
    layer.prepare(side, side)
    assert layer.uses_winograd(side, side) == expected


def test_short_memory_means_direct_convolution(monkeypatch):
    monkeypatch.setattr(convolution, "fastest", lambda question, names, ways: names[0])
    layer, *_ = make(64, 64, 3)
    x = torch.randn(64, 32, 32)
    by_winograd = run(layer, x)
    needed = 4 * 36 * 64 * 64
    monkeypatch.setattr(convolution, "available_bytes", lambda: 4 * needed - 1)
    short, *_ = make(64, 64, 3)
    direct = run(short, x)
    assert not short.uses_winograd(32, 32)
    torch.testing.assert_close(direct, by_winograd, rtol=0, atol=1e-4)
    assert not torch.equal(direct, by_winograd), "two ways round differently"
    layer.prepare(32, 32)
    assert layer.uses_winograd(32, 32), "weights that are there already are used"
    monkeypatch.setattr(convolution, "available_bytes", lambda: 4 * needed)
    short.prepare(32, 32)
    assert short.uses_winograd(32, 32), "memory came back"


@pytest.mark.parametrize("way", ["direct", "Winograd", "Winograd with oneDNN's products"])
def test_each_way_that_may_be_measured_as_the_fastest_is_the_convolution(way, monkeypatch):
    if "oneDNN" in way and not convolution.has_onednn():
        pytest.skip("this torch has no oneDNN")
    monkeypatch.setattr(convolution, "fastest", lambda question, names, ways: way)
    layer, weight, bias = make(64, 48, 3)
    x = torch.randn(64, 33, 18)
    expected = functional.conv2d(x.double()[None], weight, bias, padding=1)[0]
    torch.testing.assert_close(run(layer, x, 2), expected, rtol=0, atol=1e-4)
    assert layer.uses_winograd(33, 18) == (way != "direct")


def test_a_way_is_measured_with_at_most_so_many_channels_and_named_by_them(monkeypatch):
    asked = []

    def first(question, names, ways):
        asked.append(question)
        assert set(names) <= set(ways())
        return names[0]

    monkeypatch.setattr(convolution, "_MOST_MEASURED", 32)
    monkeypatch.setattr(convolution, "fastest", first)
    assert convolution.fastest_way(64, 2048) == convolution.fastest_way(32, 32) == "direct"
    assert set(asked) == {"3 x 3 convolution, 32 to 32 channels"}
    assert convolution.fastest_way(8, 8) == "direct"
    assert len(asked) == 2
