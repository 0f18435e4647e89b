"""The benchmark counts and compares what it says."""

import pytest

from napari_udt.inference import bench_image
from napari_udt.models.image_cinn import Scale

TINY = (Scale(1, 8, (3, 1, 3)), Scale(1, 48, (3, 3, 3)))


def test_operations_are_counted_for_both_passes():
    network = bench_image.random_network((Scale(1, 5, (3, 1)), Scale(1, 7, (1, 3))))
    fine = 2 * (17 * 5 * 9 + 5 * 16) * 16 * 8
    coarse = 2 * (34 * 7 + 7 * 64 * 9) * 8 * 4
    assert bench_image.transfer_gflop(network, 16, 8) == pytest.approx(2e-9 * (fine + coarse))


def test_both_ways_are_timed_and_compared_with_float64(monkeypatch):
    monkeypatch.setattr(bench_image, "PICTURE", (16, 24))
    monkeypatch.setattr(bench_image, "ERROR_PICTURE", (32, 32))
    found = bench_image.bench_network(bench_image.random_network(TINY), repeats=3)
    assert 0 < found["plain_error"] < 1e-4
    assert 0 < found["engine_error"] < 1e-4
    assert min(found[key] for key in ("plain_s", "engine_s", "engine_first_s", "ratio")) > 0
    assert found["plain_gflop_per_s"] == pytest.approx(found["gflop"] / found["plain_s"])


def test_the_random_network_moves_pictures():
    network = bench_image.random_network(TINY)
    x, source, target = bench_image._picture(network, (16, 24))
    moved = bench_image.plain_transfer(network, x, source, target)
    assert float((moved - x).abs().max()) > 0.05


def test_networks_that_do_not_fit_into_memory_are_skipped_with_a_reason(monkeypatch):
    monkeypatch.setattr(bench_image, "available_bytes", lambda: 400 << 20)
    monkeypatch.setattr(bench_image, "bench_network", lambda network, repeats: {"repeats": repeats})
    found = bench_image.bench_image(repeats=2)
    assert found["light"] == {"repeats": 2}
    assert found["published"] == {"skipped": "400 MB of memory free, 5120 needed"}
    assert found["threads"] >= 1
