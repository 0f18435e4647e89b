"""Reading the weights of a PyTorch Lightning checkpoint without running anything in it.

A checkpoint is a zip archive whose ``data.pkl`` names the tensors, next to their bytes. It is read by
``torch.load(weights_only=True)``, which knows tensors and plain containers only. Lightning also stores objects of
its own and of configuration libraries beside the weights; these become inert stand-ins. A pickle that names
anything else is refused before it is read.
"""

from __future__ import annotations

import pickletools
import re
import zipfile
from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from napari_udt.errors import ModelError
from napari_udt.files.reading import require_regular

# What torch itself makes when it reads weights, and plain containers.
_TENSORS = re.compile(
    r"torch\._utils\._rebuild_(tensor|tensor_v2|parameter) | torch\.(storage\.)?\w+Storage | torch\.Size"
    r"| torch\.(b?float|u?int|complex)\d+ | torch\.(bool|device) | collections\.OrderedDict | _codecs\.encode",
    re.VERBOSE,
)
# Libraries whose objects Lightning checkpoints are known to carry along.
_COMPANIONS = re.compile(
    r"(pytorch_lightning|lightning|lightning_fabric|lightning_utilities|omegaconf|numpy|torch|pathlib|argparse"
    r"|typing|collections|enum)\.[\w.]+ | builtins\.(dict|list|set|tuple|int|float|str|bool|object)",
    re.VERBOSE,
)


# The published checkpoints have pickles of some hundred kilobytes and some thousand parts.
_MAX_PICKLE_BYTES = 2_000_000
_MAX_MEMBERS = 20_000

# Mappings among them; the pickle fills these item by item.
_MAPPINGS = ("collections.defaultdict", "AttributeDict")


class _IgnoredObject:
    """Placeholder for an object that is not needed: accepts any state and does nothing."""

    def __new__(cls, *args: Any, **kwargs: Any) -> _IgnoredObject:
        return super().__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    def __setstate__(self, state: Any) -> None: ...


class _IgnoredMapping:
    """Placeholder for a mapping that is not needed; becomes a plain one."""

    def __new__(cls, *args: Any) -> OrderedDict[Any, Any]:  # type: ignore[misc]
        return OrderedDict()


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a checkpoint's ``state_dict``.

    Parameters
    ----------
    path : Path
        A Lightning checkpoint (or any zip-format torch file with an entry ``state_dict``).

    Returns
    -------
    dict of str to Tensor
        Still mapped from the file: copy what is kept.

    Raises
    ------
    ModelError
        When the file is no such checkpoint, is damaged, claims more data than it holds, or names code to run.
    """
    names = _named_objects(path)
    if foreign := sorted(
        name for name in names if not _TENSORS.fullmatch(name) and not _COMPANIONS.fullmatch(name)
    ):
        raise ModelError(
            f"{path}: its pickle names {foreign[0]!r}, which has no place among weights; nothing of it was run. "
            "Do not trust this file."
        )
    stand_ins: Any = [
        (_IgnoredMapping if name.endswith(_MAPPINGS) else _IgnoredObject, name)
        for name in names
        if not _TENSORS.fullmatch(name)
    ]
    try:
        with torch.serialization.safe_globals(stand_ins):
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # whatever a reader stumbles over in foreign bytes, it is not a checkpoint
        raise ModelError(f"{path}: not a readable checkpoint ({_first_line(error)}).") from error
    return _checked(content, path)


def _named_objects(path: Path) -> set[str]:
    """Full names of everything that the pickle in the archive refers to; reads its instructions only."""
    try:
        require_regular(path)
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > _MAX_MEMBERS:
                raise ModelError(f"{path}: holds {len(members):,} parts; expected at most {_MAX_MEMBERS:,}.")
            if any(member.compress_type != zipfile.ZIP_STORED for member in members):
                raise ModelError(f"{path}: holds compressed data; a torch checkpoint never does.")
            pickles = [member for member in members if member.filename.endswith("/data.pkl")]
            if len(pickles) != 1:
                raise ModelError(f"{path}: not a torch checkpoint (it holds {len(pickles)} files data.pkl).")
            if pickles[0].file_size > _MAX_PICKLE_BYTES:
                raise ModelError(
                    f"{path}: its pickle has {pickles[0].file_size:,} bytes; expected at most {_MAX_PICKLE_BYTES:,} beside "
                    "the weights."
                )
            operations = list(pickletools.genops(archive.read(pickles[0])))
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{path}: not a torch checkpoint ({_first_line(error)}).") from error
    if any(
        operation.name in ("STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4") for operation, _, _ in operations
    ):
        raise ModelError(
            f"{path}: its pickle has instructions that torch never writes; nothing of it was run."
        )
    names = (str(name).replace(" ", ".") for operation, name, _ in operations if operation.name == "GLOBAL")
    return {re.sub(r"^__builtin__\.", "builtins.", name) for name in names}  # as Python 2 called them


def _checked(content: Any, path: Path) -> dict[str, Tensor]:
    state = content.get("state_dict") if isinstance(content, dict) else None
    if not isinstance(state, dict):
        raise ModelError(f"{path}: holds no 'state_dict'; expected a Lightning checkpoint.")
    tensors = {str(key): value for key, value in state.items() if type(value) in (Tensor, torch.nn.Parameter)}
    plain = [t for t in tensors.values() if _is_plain(t)]
    if len(plain) < len(tensors):
        raise ModelError(f"{path}: holds tensors that are not plain arrays of real numbers.")
    size = path.stat().st_size
    if (claimed := sum(t.numel() * t.element_size() for t in plain)) > size:
        raise ModelError(
            f"{path}: claims {claimed} bytes of weights in a file of {size}; it is damaged or hostile."
        )
    _check_storages(plain, path)
    return tensors


def _is_plain(tensor: Tensor) -> bool:
    return tensor.layout == torch.strided and tensor.device.type == "cpu" and not tensor.is_complex()


def _check_storages(tensors: list[Tensor], path: Path) -> None:
    """Refuse an archive whose parts are not as long as the pickle says: torch would read on into the next part."""
    with zipfile.ZipFile(path) as archive:
        available = Counter(m.file_size for m in archive.infolist() if "/data/" in m.filename)
    storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}
    if Counter(size for size in storages.values() if size) - available:
        raise ModelError(f"{path}: the parts of the archive are not as long as it says; it is damaged.")


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:200]
