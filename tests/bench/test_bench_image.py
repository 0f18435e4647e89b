"""The benchmark counts and compares what it says."""

import pytest

from napari_udt.bench import image as bench_image
from napari_udt.bench import image_figures, wavelet
from napari_udt.models.flow_level import LevelSize
from napari_udt.models.image_cinn import Scale
from napari_udt.models.wavelet_flow import WaveletFlow

TINY = (Scale(1, 8, (3, 1, 3)), Scale(1, 48, (3, 3, 3)))


@pytest.fixture(autouse=True)
def known_peak(monkeypatch):
    """The machine's own rate takes seconds to measure and is tested elsewhere."""
    monkeypatch.setattr(image_figures, "matrix_peak_gflops", lambda: 100.0)


def test_operations_are_counted_for_both_passes():
    network = bench_image.random_network((Scale(1, 5, (3, 1)), Scale(1, 7, (1, 3))))
    fine = 2 * (17 * 5 * 9 + 5 * 16) * 16 * 8
    coarse = 2 * (34 * 7 + 7 * 64 * 9) * 8 * 4
    assert bench_image.transfer_gflop(network, 16, 8) == pytest.approx(2e-9 * (fine + coarse))


def test_both_ways_are_timed_and_compared_with_float64(monkeypatch):
    monkeypatch.setattr(bench_image, "PICTURE", (16, 24))
    monkeypatch.setattr(bench_image, "ERROR_PICTURE", (32, 32))
    found = bench_image.bench_network("tiny", bench_image.random_network(TINY), repeats=3)
    assert 0 < found.plain_error_of_range < 1e-4
    assert 0 < found.max_error_of_range < 1e-4
    assert min(found.plain_s, found.engine_s, found.first_s, found.peak_gflops) > 0
    assert found.ratio == pytest.approx(found.plain_s / found.engine_s)
    assert found.gflops == pytest.approx(found.gflop / found.engine_s)


def test_the_random_network_moves_pictures():
    network = bench_image.random_network(TINY)
    x, source, target = bench_image._picture(network, (16, 24))
    moved = bench_image.plain_transfer(network, x, source, target)
    assert float((moved - x).abs().max()) > 0.05


def test_networks_that_do_not_fit_into_memory_are_skipped_with_a_reason(monkeypatch):
    monkeypatch.setattr(bench_image, "available_bytes", lambda: 400 << 20)
    monkeypatch.setattr(bench_image, "PICTURE", (16, 24))
    monkeypatch.setattr(bench_image, "ERROR_PICTURE", (16, 24))
    monkeypatch.setattr(bench_image, "LIGHT", TINY)
    monkeypatch.setattr(wavelet, "PICTURE", (32, 64))
    monkeypatch.setattr(wavelet, "ERROR_PICTURE", (32, 32))
    found = bench_image.bench_image(repeats=1)
    assert found["light"]["engine_s"] > 0
    assert found["published"] == {"skipped": "400 MB of memory free, 5120 needed"}
    assert found["threads"] >= 1
    assert found["wavelet flow"]["max_error_of_range"] < 1e-5


def test_operations_of_a_flow_are_counted_for_both_passes():
    flow = WaveletFlow(4, 2, [LevelSize(1, 5)], LevelSize(1, 3), 2)
    context, affine, prior = 6 * 5 * 9 + 5 * 5 * 9, 5 * 24, 2 * 24 + ((2 + 6) * 9 + 8) * 12
    coupling = (3 + 5) * 5 * 9 + 5 * 5 + 5 * 6 * 9
    top = 2 * 3 * 9 + 3 * 3 * 9 + 3 * 8 + 2 * 8 + (2 * 9 + 2) * 4 + (1 + 3) * 3 * 9 + 3 * 3 + 3 * 2 * 9
    assert wavelet.transfer_gflop(flow, 16, 8) == pytest.approx(
        2e-9 * 2 * (context + affine + prior + coupling + top) * 8 * 4
    )


def test_the_random_flow_moves_pictures():
    flow = wavelet.random_flow()
    x, source, target = wavelet._picture((32, 64))
    assert float((wavelet.plain_transfer(flow, x, source, target) - x).abs().max()) > 0.05
