"""Running a model over a cube: chunks, devices, progress, cancelling, provenance.

torch is imported when something is first run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_udt.threads import wait_passively

if TYPE_CHECKING:
    from napari_udt.inference.devices import Device, available_devices
    from napari_udt.inference.run import transfer

__all__ = ["Device", "available_devices", "transfer"]


def __getattr__(name: str) -> Any:
    wait_passively()
    if name == "transfer":
        from napari_udt.inference.run import transfer

        return transfer
    if name in __all__:
        from napari_udt.inference import devices

        return getattr(devices, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
