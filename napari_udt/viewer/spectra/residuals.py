"""Differences of the curves to their reference, for the strip below them. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace

from napari_udt.viewer.spectra.curves import Curve, CurveSet, Subject, compared


@dataclass(frozen=True, eq=False)
class Residuals:
    """The curves of one pixel, structure or region minus their reference.

    Parameters
    ----------
    curves : tuple of Curve
        Differences, without bands: each on its own wavelengths.
    reference : Curve, optional
        The reference minus itself: zero, with its own band; None where there is nothing to compare.
    """

    curves: tuple[Curve, ...] = ()
    reference: Curve | None = None


def subject_in_front(curves: CurveSet, chosen: Subject | None = None) -> Subject | None:
    """Return the pixel, structure or region whose curves are drawn in front: that of the mouse, else the chosen, else the first."""
    subjects = [curve.subject for curve in curves.curves]
    if not subjects or chosen not in subjects or subjects[0] == (None, None, None):
        return subjects[0] if subjects else None
    return chosen


def residuals(curves: CurveSet, subject: Subject | None) -> Residuals:
    """Return the differences of one subject's curves to their reference, as they are before anything is subtracted from them.

    Parameters
    ----------
    curves : CurveSet
    subject : tuple
        As :attr:`~napari_udt.viewer.spectra.curves.Curve.subject`.
    """
    own = [curve for curve in curves.plain if curve.subject == subject]
    found = [
        (curve, reference)
        for curve in own
        if (reference := curves.reference_of.get(curve.id)) is not None and reference is not curve
    ]
    if not found:
        return Residuals()
    reference = found[0][1]
    return Residuals(
        tuple(
            replace(compared(curve, other, "difference"), lower=None, upper=None, mark=None)
            for curve, other in found
        ),
        replace(compared(reference, reference, "difference"), mark=None),
    )
