"""The guided tour of the window: what there is to see, dock by dock. No Qt."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TourStep:
    """One stop of the tour.

    Parameters
    ----------
    title : str
    text : str
        What to try, in one to three sentences.
    dock : str
        Name of the dock that is brought to the front and framed; "" for the picture.
    """

    title: str
    text: str
    dock: str = ""


STEPS: tuple[TourStep, ...] = (
    TourStep(
        "The picture",
        "A simulated cube was opened and transferred. Move the mouse over the picture: the spectra under it are drawn at the "
        "lower right, before and after the transfer, beside the reference. Click to pin a pixel. The slider is in nm.",
    ),
    TourStep(
        "Transfer",
        "Choose a cube and a model and press Transfer, or All models for every one that fits. “Side by side” shows simulated, "
        "transferred and reference beside each other.",
        "Transfer",
    ),
    TourStep(
        "Spectra",
        "Did the transfer move a structure closer to the reference? The line above the plot says it. Choose Structure instead of "
        "Pixel for means and spreads; Figure… makes a white figure for a paper.",
        "Spectra",
    ),
    TourStep(
        "Compare",
        "Difference shows what the transfer changed, Swipe puts a divider between before and after, Blink shows both in turn.",
        "Compare",
    ),
    TourStep(
        "Trust", "What the model says about its own transfer: round trip, likelihood, warnings.", "Trust"
    ),
    TourStep(
        "Population",
        "All spectra at once: the verdict for every structure, the paper's figures, measures with intervals, a report.",
        "Population",
    ),
    TourStep(
        "Your own data",
        "Drop files on the window, photoacoustic or hyperspectral. Everything explains itself when the mouse rests on it.",
    ),
)
