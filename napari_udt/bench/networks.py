"""Our engines against the plain implementation of the same networks, in turn in one process."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from napari_udt.bench.spectral import CUBE
from napari_udt.bench.text import format_table

# Spectra of a short measurement: long enough for the rates.
QUICK_SPECTRA = 32_768


def measure(device: str = "auto", repeats: int = 3, *, quick: bool = False) -> dict[str, Any]:
    """Time the bundled spectral networks, the published architectures and image networks.

    Parameters
    ----------
    device : str
        "auto", "cpu", "cuda:0", ...
    repeats : int
        Runs of which the median is taken.
    quick : bool
        `QUICK_SPECTRA` instead of a cube of 480 x 640 pixels; neither the growth with the number of spectra nor the
        rate beside a busy process is measured.

    Returns
    -------
    dict
        JSON-ready: "device", "processor_features", "results" (spectral networks), "images", "robustness", "choices"
        (which ways the engines take, by a measurement at first use).
    """
    from napari_udt.inference.devices import choose, processor_features
    from napari_udt.inference.fastest import choices

    chosen = choose(device)
    networks = _networks()
    counts = (1, 1000, QUICK_SPECTRA if quick else CUBE)
    results = [figure for network in networks for figure in _spectral(*network, chosen.key, repeats, counts)]
    results += _autoencoders(chosen.key, repeats)
    images = _images(chosen.key, repeats)
    return {
        "device": chosen.title,
        "processor_features": list(processor_features()),
        "results": [figure.to_dict() for figure in results],
        "images": images,
        "robustness": {} if quick else _robustness(chosen.key, networks[:-1]),
        "choices": choices(),
    }


def as_text(found: dict[str, Any], repeats: int) -> str:
    """Return what `measure` found as tables."""
    parts = [
        f"Transfer on {found['device']}, float32; times are medians of {repeats} or more runs in turn.",
        f"Processor: {', '.join(found['processor_features'])}.",
        format_table([_HEADER, *map(_row, found["results"])]),
        "* as computed from fewer spectra: its cost is linear",
    ]
    if found["images"]:
        parts.append(format_table([_IMAGE_HEADER, *map(_image_row, found["images"])]))
    parts += [f"{name}: {_robustness_text(figures)}" for name, figures in found["robustness"].items()]
    if found["choices"]:
        lines = [f"  {question}: {way}" for question, way in found["choices"].items()]
        parts.append("\n".join(["Chosen by a measurement at first use:", *lines]))
    return "\n\n".join(parts)


def _networks() -> list[tuple[str, Any]]:
    """Bundled networks of spectra, and last the published architecture."""
    from napari_udt.bench.spectral import published_network
    from napari_udt.models import load_model
    from napari_udt.models.spectral_cinn import SpectralCINN
    from napari_udt.models.store import bundled_folder

    bundled = [load_model(path) for path in sorted(bundled_folder().glob("*/model.json"))]
    ours = [(model.spec.name, model.network) for model in bundled if isinstance(model.network, SpectralCINN)]
    return [*ours, ("published HSI size, random weights", published_network())]


def _spectral(name: str, network: Any, device: str, repeats: int, counts: tuple[int, ...]) -> Any:
    from napari_udt.bench.spectral import bench_network

    print(f"measuring {name} ...", file=sys.stderr)
    return bench_network(name, network, device, repeats, counts)


def _autoencoders(device: str, repeats: int) -> list[Any]:
    from napari_udt.bench.autoencoders import PUBLISHED, bench_autoencoder

    return [bench_autoencoder(name, QUICK_SPECTRA, device, repeats) for name in PUBLISHED]


def _images(device: str, repeats: int) -> list[dict[str, Any]]:
    from napari_udt.bench.image import bench_image

    if device != "cpu":
        return []  # on a card the image engine is the plain network
    print("measuring 16 x 128 x 256 images ...", file=sys.stderr)
    return [
        figures
        for figures in bench_image(repeats).values()
        if isinstance(figures, dict) and "ratio" in figures
    ]


def _robustness(device: str, networks: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    from napari_udt.bench.robustness import beside_a_busy_process, scaling

    if device != "cpu":
        return {}
    print("measuring the growth with the number of spectra, and beside a busy process ...", file=sys.stderr)
    return {
        name: {"scaling": scaling(network), "busy": beside_a_busy_process(network)}
        for name, network in networks
    }


def _robustness_text(found: dict[str, Any]) -> str:
    steps = ", ".join(f"{s['spectra']:,}: {s['us_per_spectrum']:.2f} us" for s in found["scaling"])
    share = found["busy"]["share"]
    return f"per spectrum, {steps}; beside one busy process {share:.0%} of one idle core's rate"


_HEADER = (
    "network", "spectra", "engine", "plain", "ratio", "spectra/s", "GFLOP/s", "of peak", "memory", "error of range"
)  # fmt: skip
_IMAGE_HEADER = ("image network", "engine", "plain", "ratio", "first image", "memory", "error of range")


def _image_row(f: dict[str, Any]) -> tuple[str, ...]:
    return (
        f["network"],
        _seconds(f["engine_s"]),
        _seconds(f["plain_s"]),
        f"{f['ratio']:.2f}",
        _seconds(f["first_s"]),
        f"{f['peak_memory_mb']:.0f} MB",
        f"{f['max_error_of_range']:.1e}",
    )


def _row(f: dict[str, Any]) -> tuple[str, ...]:
    plain_s = f["plain_s"] * f["spectra"] / f["plain_spectra"]
    return (
        f["network"],
        f"{f['spectra']:,}",
        _seconds(f["engine_s"]),
        _seconds(plain_s) + ("*" if f["plain_spectra"] < f["spectra"] else ""),
        f"{f['ratio']:.2f}",
        f"{f['spectra_per_s']:,.0f}",
        f"{f['gflops']:.1f}",
        f"{f['share_of_peak']:.0%}",
        f"{f['peak_memory_mb']:.0f} MB",
        f"{f['max_error_of_range']:.1e}",
    )


def _seconds(value: float) -> str:
    return f"{value * 1e3:.2f} ms" if value < 1 else f"{value:.2f} s"
