"""Products of float32 matrices by whichever of torch's two libraries is faster on this processor.

torch multiplies matrices with the library that it was built with, on x86 MKL. oneDNN, which torch brings for
convolutions, was measured to be twice as fast on an AMD processor with AVX-512. Both add up in float32; which one runs is
measured once (:mod:`napari_udt.inference.fastest`).
"""

from __future__ import annotations

from functools import cache, partial

import torch
from torch import Tensor

from napari_udt.inference.fastest import fastest

_USUAL, _ONEDNN = "torch.mm", "oneDNN"
# What is multiplied to choose, square matrices: about the size of a tile's products in the engines.
_SIZE = 512
_CLOSE = 1e-4


def onednn_is_faster() -> bool:
    """Whether products of large matrices on the CPU should go by `onednn_linear`."""
    if not has_onednn():
        return False
    return fastest(f"products of {_SIZE} x {_SIZE} matrices", (_USUAL, _ONEDNN), _ways) == _ONEDNN


def onednn_linear(x: Tensor, weight: Tensor, bias: Tensor | None = None, *, relu: bool = False) -> Tensor:
    """Return x weight^T + bias by oneDNN, with zeros for negative values where that is asked.

    Parameters
    ----------
    x : Tensor, shape (m, k)
    weight : Tensor, shape (n, k)
        Any strides: a transposed matrix costs nothing.
    bias : Tensor, shape (n,), optional
    relu : bool

    Returns
    -------
    Tensor, shape (m, n)
    """
    kind = "relu" if relu else "none"
    found: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, kind, [], "")
    return found


def _ways() -> dict[str, partial[Tensor]]:
    # No random numbers: a seeded run must not notice.
    left = torch.linspace(-1, 1, _SIZE**2).view(_SIZE, _SIZE)
    right, out = left.T.contiguous(), torch.empty(_SIZE, _SIZE)
    return {
        _USUAL: partial(torch.mm, left, right, out=out),
        _ONEDNN: partial(onednn_linear, left, right.T),
    }


@cache
def has_onednn() -> bool:
    """Whether this build of torch has oneDNN and gives the same numbers by it."""
    if not torch.backends.mkldnn.is_available():
        return False
    left, right = torch.ones(3, 5), torch.arange(10.0).view(5, 2)
    try:
        product = onednn_linear(left, right.T)
    except (AttributeError, RuntimeError):  # the function is not public, another torch may lack it
        return False
    return torch.allclose(product, left @ right, rtol=_CLOSE)
