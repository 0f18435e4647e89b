"""Devices on which a model can run."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from napari_udt.errors import TransferError

# Names in /proc/cpuinfo of what makes products of matrices fast: on x86, and on ARM.
_FEATURES = {
    "fma": "FMA",
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_bf16": "AVX-512 bf16",
    "amx_tile": "AMX",
    "amx_bf16": "AMX bf16",
    "asimd": "NEON",
    "sve": "SVE",
    "bf16": "bf16",
}


@dataclass(frozen=True)
class Device:
    """A device: torch's key ("cpu", "cuda:0", "mps") and the product's name."""

    key: str
    title: str


def available_devices() -> list[Device]:
    """List the devices of this machine, best first: CUDA cards, Apple's GPU, the processor."""
    import torch

    found = [
        Device(f"cuda:{i}", torch.cuda.get_device_name(i))
        for i in range(torch.cuda.device_count() if torch.cuda.is_available() else 0)
    ]
    if torch.backends.mps.is_available():
        found.append(Device("mps", "Apple GPU"))
    return [*found, Device("cpu", processor_name())]


def choose(key: str = "auto") -> Device:
    """Return the device for ``key``; "auto" is the best there is, "cuda" the first CUDA card.

    Raises
    ------
    TransferError
        When the device is not there.
    """
    devices = available_devices()
    if key == "auto":
        return devices[0]
    for device in devices:
        if key in (device.key, device.key.partition(":")[0]):
            return device
    known = ", ".join(f"{d.key} ({d.title})" for d in devices)
    raise TransferError(f"Device {key!r} is not available here; choose auto or one of: {known}.")


def processor_name() -> str:
    """Return the processor's name as its maker writes it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine() or "CPU"


def processor_features(flags: str | None = None) -> tuple[str, ...]:
    """Return which instructions for products of matrices the processor has (on Linux), and last which ones torch uses.

    Parameters
    ----------
    flags : str, optional
        As the system lists them; by default those of ``/proc/cpuinfo``.
    """
    import torch

    if flags is None:
        try:
            lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        except OSError:
            lines = []  # not Linux
        flags = next((line.partition(":")[2] for line in lines if line.startswith(("flags", "Features"))), "")
    known = set(flags.split())
    found = [title for flag, title in _FEATURES.items() if flag in known]
    return (*found, f"torch uses {torch.backends.cpu.get_cpu_capability()}")
