"""The errors that users see: one clear sentence each.

A message names the file, layer or model, what was found, what was expected and what to do.
"""

from __future__ import annotations


class UdtError(Exception):
    """Base of every error that napari-udt raises on purpose."""


def unexpected(error: BaseException) -> str:
    """Return the end of a sentence about an error that nobody foresaw."""
    words = " ".join(str(error).split())[:300]
    return f"unexpected {type(error).__name__} ({words}), a defect of this program; --debug shows where."


class CubeError(UdtError, ValueError):
    """A file or an array is not a usable spectral cube."""


class MissingMetadata(CubeError):  # noqa: N818 - a question rather than a failure
    """A file lacks metadata that only the user knows: wavelengths, or which axis is spectral.

    Parameters
    ----------
    message : str
        The sentence.
    shape : tuple of int
        Shape of the array in question.
    axes : tuple of int
        Axes of the array that may be the spectral one.
    lacks_wavelengths : bool
        Whether wavelengths are missing; if not, only the axis is in doubt.
    """

    def __init__(
        self, message: str, shape: tuple[int, ...], axes: tuple[int, ...], lacks_wavelengths: bool = True
    ) -> None:
        super().__init__(message)
        self.shape, self.axes, self.lacks_wavelengths = shape, axes, lacks_wavelengths


class CollectionError(UdtError, ValueError):
    """A collection of cubes cannot be read, or its cubes do not belong together."""


class ModelError(UdtError, ValueError):
    """A model is missing, damaged, or does not fit its use."""


class TransferError(UdtError, RuntimeError):
    """A transfer run cannot be carried out."""


class TransferCancelled(UdtError):  # noqa: N818 - the user's wish, not an error
    """The user cancelled a run; nothing was kept of it."""


class SimulationError(UdtError, ValueError):
    """Simulation parameters or tables are missing or out of range."""


class TrainingError(UdtError, RuntimeError):
    """A training run cannot start or go on."""


class EvaluationError(UdtError, ValueError):
    """Data sets and models that cannot be judged together."""


class SessionError(UdtError, ValueError):
    """A session file cannot be read or written."""
