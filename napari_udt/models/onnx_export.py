"""A model's transfer as an ONNX graph: raw simulated values in, target values out, checked against torch before it is kept.

The noise that a transfer may add to simulated samples is not in the graph: ONNX has no noise that follows from the sample.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_udt.errors import ModelError
from napari_udt.models.model import TransferModel

OPSET = 17
PICTURE = (128, 64)  # rows and columns of a graph for images, where nothing else is asked for
_TOLERANCE = 1e-4  # of the largest value
_TRACED, _CHECKED = 4, 37  # spectra
_SEED = 0


@dataclass(frozen=True, eq=False)
class OnnxTransfer:
    """A graph that gives what the model gives.

    Parameters
    ----------
    graph : bytes
        Of the file.
    values : float32 array, shape (n, channels) or (1, channels, rows, columns)
        Random input that it was checked on.
    labels : int64 array, shape (n,) or (1, rows, columns), optional
        Classes of these, -1 where unknown; None where the graph takes none.
    result : float32 array of the shape of ``values``
        What torch makes of them.
    difference : float
        Largest difference of the graph's result from it.
    """

    graph: bytes
    values: NDArray[np.float32]
    labels: NDArray[np.int64] | None
    result: NDArray[np.float32]
    difference: float

    def record(self) -> dict[str, Any]:
        """Return what a reader of the graph needs to know, JSON-serialisable."""
        return {
            "opset": OPSET,
            "checked_on": list(self.values.shape),
            "largest_difference": self.difference,
            "largest_value": float(np.abs(self.result).max()),
            "noise": "none: the graph adds none to simulated samples",
            "made_with": {name: version(name) for name in ("torch", "onnx", "onnxruntime")},
        }


def export_transfer(model: TransferModel, picture: tuple[int, int] = PICTURE) -> OnnxTransfer:
    """Make a graph of the transfer from the simulated to the target domain.

    Its input ``spectra`` has any number of spectra (n, channels), or one image (1, channels, rows, columns), in the units of the
    cubes; ``labels`` has the class of each spectrum or pixel, -1 where it is unknown, where the model knows classes.

    Parameters
    ----------
    model : TransferModel
    picture : (int, int)
        Rows and columns of images.

    Raises
    ------
    ModelError
        When packages are missing, the model cannot be a fixed graph, or the graph gives something else.
    """
    runtime = _runtime()
    spec = model.spec
    if spec.modality == "PAT" and any(side % model.picture_multiple for side in picture):
        raise ModelError(
            f"{spec.name}: images of {picture[0]} x {picture[1]} pixels do not fit; give multiples of {model.picture_multiple}."
        )
    if spec.is_stochastic or spec.takes_steps:
        raise ModelError(
            f"{spec.name}: a {spec.kind} draws numbers or takes steps that can be chosen, which a fixed graph cannot; export without "
            "ONNX."
        )
    if "levels" in spec.architecture:
        raise ModelError(
            f"{spec.name}: a wavelet flow has operations that torch cannot write as ONNX; export without ONNX."
        )
    transfer = _Transfer(model).eval()
    inputs = _random_input(model, _TRACED, picture)
    names = ["spectra", "labels"][: len(inputs)]
    any_number = {name: {0: "n"} for name in (*names, "transferred")} if spec.modality == "HSI" else None
    try:
        with _quiet(), torch.no_grad(), tempfile.TemporaryDirectory(prefix="napari-udt-") as scratch:
            transfer(*inputs)  # computes once what follows from the weights
            path = Path(scratch) / "transfer.onnx"
            torch.onnx.export(
                transfer,
                inputs,
                path,
                input_names=names,
                output_names=["transferred"],
                dynamic_axes=any_number,
                opset_version=OPSET,
                dynamo=False,
            )
            graph = path.read_bytes()
        inputs = _random_input(model, _CHECKED, picture)
        with torch.no_grad():
            wanted = transfer(*inputs).numpy()
        session = runtime.InferenceSession(graph, providers=["CPUExecutionProvider"])
        known = {entry.name for entry in session.get_inputs()}
        given = {name: values.numpy() for name, values in zip(names, inputs, strict=True) if name in known}
        found = session.run(None, given)[0]
    except Exception as error:  # torch and the runtime have many of their own
        reason = " ".join(str(error).split())[:150]
        raise ModelError(
            f"{spec.name}: its network cannot be written as ONNX ({reason}); export without ONNX."
        ) from error
    difference = float(np.abs(found - wanted).max())
    if not difference <= _TOLERANCE * float(np.abs(wanted).max()):
        raise ModelError(
            f"{spec.name}: the ONNX graph differs from the model by {difference:.2g}, so it was not kept; export without ONNX."
        )
    labels = inputs[1].numpy() if "labels" in known else None
    return OnnxTransfer(graph, inputs[0].numpy(), labels, wanted, difference)


class _Transfer(nn.Module):
    """A model's transfer as one module, from raw values to raw values."""

    def __init__(self, model: TransferModel) -> None:
        super().__init__()
        self.model, self.network = model, model.network

    def forward(self, spectra: Tensor, labels: Tensor | None = None) -> Tensor:
        """Transfer raw simulated values."""
        model = self.model
        classes = None if labels is None else _probabilities(labels, model.spec.class_count)
        moved = model.translate(model.normalise(spectra, "simulated"), "simulated", "real", classes)
        result: Tensor = model.denormalise(moved, "real")
        return result


def _probabilities(labels: Tensor, count: int) -> Tensor:
    """Return class probabilities (n, K, ...) of indices (n, ...), 1 / K where they are unknown, by operations that ONNX has."""
    index = torch.arange(count).reshape(1, count, *[1] * (labels.ndim - 1))
    known = labels.unsqueeze(1)
    return torch.where(known < 0, 1.0 / count, (known == index).float())


def _random_input(model: TransferModel, count: int, picture: tuple[int, int]) -> tuple[Tensor, ...]:
    """Return random raw values, and labels where the model knows classes.

    An invertible network turns normal codes into samples like those that it was trained on: far from them its values explode, in
    torch too.
    """
    spec = model.spec
    generator = torch.Generator().manual_seed(_SEED + count)
    shape = (count,) if spec.modality == "HSI" else (1, *picture)
    labels = torch.randint(-1, max(1, spec.class_count), shape, generator=generator)
    size = (shape[0], len(spec.wavelengths_nm), *shape[1:])
    normal = torch.randn(size, generator=generator)
    if spec.kind == "cinn":
        classes = labels if spec.class_count else None
        normal = model.decode(normal.flatten(1), "simulated", classes, picture_shape=shape[1:] or None)
    values = model.denormalise(normal, "simulated")
    return (values, labels) if spec.class_count else (values,)


def _asinh(graph: Any, x: Any) -> Any:
    """Write asinh(x) = sign(x) ln(|x| + sqrt(x^2 + 1)), which the runtime has for double precision too."""
    one = graph.op("CastLike", graph.op("Constant", value_t=torch.tensor(1.0)), x)
    size = graph.op("Abs", x)
    root = graph.op("Sqrt", graph.op("Add", graph.op("Mul", x, x), one))
    return graph.op("Mul", graph.op("Sign", x), graph.op("Log", graph.op("Add", size, root)))


def _sinh(graph: Any, x: Any) -> Any:
    """Write sinh(x) = (exp(x) - exp(-x)) / 2."""
    half = graph.op("CastLike", graph.op("Constant", value_t=torch.tensor(0.5)), x)
    exponentials = graph.op("Sub", graph.op("Exp", x), graph.op("Exp", graph.op("Neg", x)))
    return graph.op("Mul", exponentials, half)


# What torch's exporter does not know.
_OPERATIONS = {"asinh": _asinh, "sinh": _sinh}


def _runtime() -> Any:
    try:
        import onnx  # noqa: F401 - torch needs it
        import onnxruntime
    except ImportError as error:
        raise ModelError(
            f"ONNX needs the packages onnx and onnxruntime ({error.name} is missing): pip install 'napari-udt[onnx]'."
        ) from error
    return onnxruntime


@contextmanager
def _quiet() -> Iterator[None]:
    """Teach torch's exporter what it lacks, and keep its warnings to itself: the result is checked."""
    for name, operation in _OPERATIONS.items():
        torch.onnx.register_custom_op_symbolic(f"aten::{name}", operation, OPSET)
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
        for name in _OPERATIONS:
            torch.onnx.unregister_custom_op_symbolic(f"aten::{name}", OPSET)
