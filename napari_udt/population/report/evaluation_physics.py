"""Sections of an evaluation: class spectra, oxygenation, arteries, texture, and the network as a density."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from napari_udt.evaluation.class_spectra import SPREAD_FACTOR, ClassDistance
from napari_udt.evaluation.latent import BitsPerDimension, DensityChecks, Normality
from napari_udt.evaluation.oxygenation import LARGEST_DROP, OxygenationKept
from napari_udt.evaluation.run import RowResult
from napari_udt.population.report.document import Section, plain_sheet


def distances(rows: Sequence[RowResult]) -> Iterator[Section]:
    """Yield the distances of classes to those of the target, and to measured ones."""
    for title, key in (
        ("the target domain (test set)", "to_second"),
        ("the measured statistics", "to_measured"),
    ):
        found = {row.name: getattr(row.hsi, key) for row in rows if row.hsi and getattr(row.hsi, key)}
        if found:
            yield _distances(title, found)


def _distances(title: str, found: dict[str, list[ClassDistance]]) -> Section:
    names = [d.class_name for d in next(iter(found.values()))]
    cells = {row: {d.class_name: d for d in distances} for row, distances in found.items()}
    bodies = [
        [[name, *(_cell(cells[row].get(name), what) for row in found)] for name in names]
        for what in ("mean", "spread")
    ]
    titles = (
        "Class means: relative rms and spectral angle.",
        "Spread: standard deviation over the wanted one, smallest / median / largest over wavelengths; share "
        f"of wavelengths within a factor {SPREAD_FACTOR:g}.",
    )
    sheets = tuple(plain_sheet(["class", *found], b, t) for b, t in zip(bodies, titles, strict=True))
    return Section(f"Distance to {title}, L1-normalised spectra", (), (), sheets)


def _cell(distance: ClassDistance | None, what: str) -> str:
    if distance is None:
        return ""
    if what == "mean":
        return f"{100 * distance.relative_rms:.1f} %, {distance.angle_degrees:.2f}°"
    s = distance.spread
    return f"{s.low:.2f} / {s.median:.2f} / {s.high:.2f}; {100 * s.share_within:.0f} %"


def oxygenation(rows: Sequence[RowResult]) -> Section | None:
    """Return how well saturation is kept; None where nothing was computed, as all below."""
    found = [(row.name, kept) for row in rows for kept in _kept_of(row)]
    if not found:
        return None
    text = (
        "Unmixing reads haemoglobin's bands; the linear readout is learnt from the spectra it judges (moved, not "
        f"erased, where it stays high). Goal: a drop of at most {LARGEST_DROP:g}. Interval: paired bootstrap, 95 %.",
    )
    columns = [
        "row",
        "wavelengths",
        "saturation",
        "estimate",
        "before",
        "after",
        "change",
        "interval",
        "within class",
    ]
    sheet = plain_sheet([*columns, "kept"], [_kept_line(name, kept) for name, kept in found])
    body = [
        [
            name,
            kept.window,
            kind,
            *(f"{100 * value:.0f} %" for value in (level.truth, level.before, level.after)),
            f"{100 * (level.after - level.before):+.0f}",
        ]
        for name, kept in found
        if kept.truth != "top layer"
        for kind, level in kept.levels.items()
    ]
    columns = ["row", "wavelengths", "class", "simulated", "estimate before", "after", "moved [points]"]
    levels = plain_sheet(
        columns, body, "Level: medians of the saturation. A rank correlation is blind to it."
    )
    title = "Oxygenation kept: rank correlation of simulated saturation with its estimate, and its level"
    return Section(title, text, (), (sheet, levels) if body else (sheet,))


def _kept_of(row: RowResult) -> list[OxygenationKept]:
    if row.hsi:
        return row.hsi.oxygenation
    return [row.pat.oxygenation] if row.pat and row.pat.oxygenation else []


def _kept_line(name: str, kept: OxygenationKept) -> list[str]:
    c, (before, after) = kept.overall, kept.within_class
    return [
        name,
        kept.window,
        kept.truth,
        kept.estimate,
        f"{c.before:.3f}",
        f"{c.after:.3f}",
        f"{c.change:+.3f}",
        f"{c.low:+.3f} to {c.high:+.3f}",
        f"{before:.3f} → {after:.3f}",
        "yes" if kept.kept else "**no**",
    ]


def arteries(rows: Sequence[RowResult]) -> Section | None:
    """Return artery spectra beside the measured ones."""
    found = [(row.name, row.pat.arteries) for row in rows if row.pat and row.pat.arteries]
    if not found:
        return None
    first = found[0][1]
    names = ["relative rms", "angle", "largest deviation [measured sd]"]
    columns = ["row", "arteries", *(f"{w:g} nm" for w in first.wavelengths_nm), *names]
    measured = [f"{m:.3f} ± {s:.3f}" for m, s in zip(first.measured_mean, first.measured_std, strict=True)]
    body = [["measured radial arteries", str(first.measured_count), *measured, "", "", ""]]
    body += [
        [
            name,
            str(a.count),
            *(f"{value:.3f}" for value in a.mean),
            f"{100 * a.relative_rms:.1f} %",
            f"{a.angle_degrees:.2f}°",
            f"{a.largest_deviation:.1f}",
        ]
        for name, a in found
    ]
    return Section("Artery spectra, each divided by its mean", (), (), (plain_sheet(columns, body),))


def textures(rows: Sequence[RowResult]) -> Section | None:
    """Return heterogeneity and sharpness."""
    found = [(row.name, row.pat.texture) for row in rows if row.pat]
    if not found:
        return None
    body = [
        [name, *map(_number, (t.skin, t.background, t.sharpness_per_pixel)), f"{100 * t.dark_share:.1f} %"]
        for name, t in found
    ]
    columns = [
        "row",
        "skin heterogeneity",
        "background heterogeneity",
        "vessel sharpness [1/pixel]",
        "not positive",
    ]
    return Section("Texture near 800 nm (medians over images)", (), (), (plain_sheet(columns, body),))


def networks(rows: Sequence[RowResult]) -> Section | None:
    """Return round trip, likelihood and latents of the models."""
    body = [_network_line(row.name, row.network) for row in rows if row.network]
    if not body:
        return None
    text = (
        "Round trip: largest error in normalised units. Bits per dimension (smaller is likelier) under the target "
        "domain's condition and true classes, constant included: as a density of L2-normalised spectra or raw images "
        "(of normalised values in brackets). Latent of the target domain's test set: standard deviation per dimension "
        "(ideal 1), Kolmogorov-Smirnov distance to N(0, 1) per dimension (ideal 0), and mean of |z|²/d and standard "
        "deviation of |z|²/√(2d) (ideal 1). Training adds noise that the test data lack: latents narrower than 1 are "
        "expected.",
    )
    columns = [
        "model",
        "round trip simulated",
        "round trip target",
        "bits/dim target",
        "bits/dim simulated",
        "std low / median / high",
        "KS median / largest",
        "norm: mean, std",
    ]
    return Section("Round trip, likelihood, latent", text, (), (plain_sheet(columns, body),))


def _network_line(name: str, checks: DensityChecks) -> list[str]:
    errors = [checks.round_trip[domain] for domain in ("simulated", "second")]
    trip = [f"{error:.1e}" if math.isfinite(error) else "none" for error in errors]
    return [name, *trip, _bits(checks.second), _bits(checks.simulated), *_latent(checks.latent)]


def _bits(found: BitsPerDimension | None) -> str:
    return f"{found.data:.2f} ({found.normalised:.2f})" if found else "none"


def _latent(z: Normality | None) -> list[str]:
    if z is None:
        return ["", "", ""]
    return [
        f"{z.std_low:.2f} / {z.std_median:.2f} / {z.std_high:.2f}",
        f"{z.ks_median:.3f} / {z.ks_high:.3f}",
        f"{z.norm_mean:.2f}, {z.norm_std:.1f}",
    ]


def _number(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "none"
