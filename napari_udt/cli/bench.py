"""The command ``napari-udt bench``: our engines against the plain implementation, in turn in one process."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from napari_udt.bench.text import format_table
from napari_udt.cli.exit_codes import SUCCESS

# Spectra of the large case with --quick: long enough for the rates, short enough for a coffee's first sip.
_QUICK = 32_768


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda:0")
    parser.add_argument("--repeats", type=int, default=3, help="runs of which the median is taken")
    parser.add_argument(
        "--viewer", action="store_true", help="measure the window instead: clicks, mouse, statistics, waiting"
    )
    parser.add_argument(
        "--population",
        action="store_true",
        help="measure the population's figures and measures instead, on 300,000 spectra",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"{_QUICK} spectra instead of a 480x640 cube; no growth, no busy neighbour",
    )


def run(args: argparse.Namespace) -> int:
    """Measure, and print tables or JSON."""
    if args.viewer:
        from napari_udt.bench import viewer

        return viewer.run(args)
    if args.population:
        from napari_udt.bench import population

        return population.run(args)
    from napari_udt.inference.devices import choose

    place = choose(args.device)
    networks = _networks()
    results = [figure for network in networks for figure in _spectral(*network, place.key, args)]
    results += _autoencoders(place.key, args)
    found = {
        "device": place.title,
        "results": [figure.to_dict() for figure in results],
        "images": _images(place.key, args),
        "robustness": {} if args.quick else _robustness(place.key, networks[:-1]),
    }
    print(json.dumps(found, indent=2) if args.json else _report(found, args.repeats))
    return SUCCESS


def _report(found: dict[str, Any], repeats: int) -> str:
    parts = [
        f"Transfer on {found['device']}, float32; times are medians of {repeats} or more runs in turn.",
        format_table([_HEADER, *map(_row, found["results"])]),
        "* as computed from fewer spectra: its cost is linear",
    ]
    if found["images"]:
        parts.append(format_table([_IMAGE_HEADER, *map(_image_row, found["images"])]))
    parts += [f"{name}: {_robustness_text(figures)}" for name, figures in found["robustness"].items()]
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


def _spectral(name: str, network: Any, device: str, args: argparse.Namespace) -> Any:
    from napari_udt.bench.spectral import CUBE, bench_network

    print(f"measuring {name} ...", file=sys.stderr)
    return bench_network(name, network, device, args.repeats, (1, 1000, _QUICK if args.quick else CUBE))


def _autoencoders(device: str, args: argparse.Namespace) -> list[Any]:
    from napari_udt.bench.autoencoders import PUBLISHED, bench_autoencoder

    return [bench_autoencoder(name, _QUICK, device, args.repeats) for name in PUBLISHED]


def _images(device: str, args: argparse.Namespace) -> list[dict[str, Any]]:
    from napari_udt.bench.image import bench_image

    if device != "cpu":
        return []  # on a card the image engine is the plain network
    print("measuring 16 x 128 x 256 images ...", file=sys.stderr)
    return [
        figures
        for figures in bench_image(args.repeats).values()
        if isinstance(figures, dict) and "ratio" in figures
    ]


def _robustness(device: str, networks: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    from napari_udt.bench.robustness import beside_a_busy_process, scaling

    if device != "cpu":
        return {}
    print("measuring growth, and a busy neighbour ...", file=sys.stderr)
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
