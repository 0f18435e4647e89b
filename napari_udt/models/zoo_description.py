"""The description of a model that the BioImage Model Zoo reads: ``rdf.yaml``, model format 0.5 (bioimage.io).

It names the ONNX graph and the arrays that it was checked on. Whatever nobody has stated is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import yaml

from napari_udt.errors import ModelError
from napari_udt.models.spec import ModelSpec
from napari_udt.models.store import CARD

if TYPE_CHECKING:
    from napari_udt.models.onnx_export import OnnxTransfer

DESCRIPTION = "rdf.yaml"
GRAPH = "transfer.onnx"
INPUT, LABELS, RESULT = "test_spectra.npy", "test_labels.npy", "test_transferred.npy"
_VERSION = "0.5.4"
_PAPER = {
    "text": "Dreher et al.: Unsupervised Domain Transfer with Conditional Invertible Neural Networks. MICCAI 2023.",
    "doi": "10.1007/978-3-031-43907-0_73",
}
_LONGEST_NAME = 128


def zoo_description(
    spec: ModelSpec, transfer: OnnxTransfer, authors: Sequence[str], hashes: Mapping[str, str]
) -> str:
    """Return the text of the description.

    Parameters
    ----------
    spec : ModelSpec
    transfer : OnnxTransfer
    authors : sequence of str
        Who made the model; one or more.
    hashes : mapping of str to str
        SHA-256 of the files in the archive.

    Raises
    ------
    ModelError
        When nobody is named, or the model has no licence.
    """
    if not authors or not all(author.strip() for author in authors):
        raise ModelError("A description for a model zoo names who made the model; give --author NAME.")
    if not spec.licence:
        raise ModelError(
            f"{spec.name}: the model states no licence, which a model zoo asks for; add it to its model.json."
        )

    def file(name: str) -> dict[str, str]:
        return {"source": name, "sha256": hashes[name]}

    axes = partial(
        _axes, spec, transfer
    )  # made anew for each array: YAML would write a shared one as a reference
    inputs: list[dict[str, Any]] = [
        {
            "id": "spectra",
            "description": "simulated spectra, in the units of the cubes",
            "axes": axes(),
            "data": {"type": "float32"},
            "test_tensor": file(INPUT),
        }
    ]
    if transfer.labels is not None:
        classes = ", ".join(f"{number}: {name}" for number, name in enumerate(spec.class_names))
        inputs.append(
            {
                "id": "labels",
                "description": f"class of each {'spectrum' if spec.modality == 'HSI' else 'pixel'}, -1: unknown; {classes}"[
                    :128
                ],
                "axes": [axis for axis in axes() if axis["type"] != "channel"],
                "data": {"type": "int64", "values": list(range(-1, len(spec.class_names)))},
                "test_tensor": file(LABELS),
            }
        )
    document = {
        "type": "model",
        "format_version": _VERSION,
        "name": _name(spec),
        "description": f"Moves simulated {spec.modality} spectra to a target domain ({spec.target}). Research use only.",
        "authors": [{"name": author.strip()} for author in authors],
        "cite": [_PAPER],
        "license": spec.licence,
        "documentation": file(CARD),
        "tags": ["domain-transfer", "spectral-imaging", spec.modality],
        "inputs": inputs,
        "outputs": [
            {
                "id": "transferred",
                "description": "the same in the target domain",
                "axes": axes(),
                "data": {"type": "float32"},
                "test_tensor": file(RESULT),
            }
        ],
        "weights": {"onnx": {**file(GRAPH), "opset_version": transfer.record()["opset"]}},
        "config": {"napari_udt": {"weights_sha256": spec.weights_sha256, **transfer.record()}},
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


def _axes(spec: ModelSpec, transfer: OnnxTransfer) -> list[dict[str, Any]]:
    axes: list[dict[str, Any]] = [
        {"type": "batch"},
        {"type": "channel", "channel_names": [f"{nm:g} nm" for nm in spec.wavelengths_nm]},
    ]
    if spec.modality == "PAT":
        axes[0]["size"] = 1
        rows, columns = transfer.values.shape[2:]
        axes += [{"type": "space", "id": "y", "size": rows}, {"type": "space", "id": "x", "size": columns}]
    return axes


def _name(spec: ModelSpec) -> str:
    """Return the title in the letters that the format allows."""
    name = " ".join(re.sub(r"[^A-Za-z0-9_+() -]+", " ", spec.title).split())
    return f"{name if len(name) > 4 else f'napari-udt {spec.name}'}"[:_LONGEST_NAME].strip()
