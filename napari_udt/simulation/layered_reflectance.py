r"""Light in plane-parallel layers: how much a layered tissue reflects and transmits.

The radiative transfer equation is solved by discrete ordinates in each layer, and layers and surfaces are put
together by the adding method (Plass, Kattawar, Catchings 1973, doi 10.1364/AO.12.000314). Each layer has its own
refractive index: a stream is named by its transverse momentum :math:`p = n \sin\theta`, which Snell's law
conserves, so that one set of streams serves all layers and every surface is a diagonal Fresnel matrix.

In a layer, :math:`J^\pm_i = \sqrt{w_i \mu_i}\, I^\pm_i` are the scaled radiances of the streams that go down and up;
then sums and differences obey

.. math::
    \frac{d}{d\tau}(J^+ + J^-) = -G\,(J^+ - J^-), \qquad \frac{d}{d\tau}(J^+ - J^-) = -H\,(J^+ + J^-)

with symmetric positive definite :math:`G = \mathrm{diag}(1/\mu) - a K_{odd}` and :math:`H = \mathrm{diag}(1/\mu) - a
K_{even}`, where :math:`K` holds the Legendre moments of odd and even order of the Henyey-Greenstein phase function.
The forward peak is taken out by delta-M scaling (Wiscombe 1977, doi 10.1175/1520-0469(1977)034<1408:TDMRYA>2.0.CO;2).

Light comes in along the normal, as a pencil or as a plane wave (total fluxes are the same), from air; below the
deepest layer there is air again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial.legendre import leggauss, legvander
from numpy.typing import NDArray
from scipy.special import roots_jacobi

from napari_udt.errors import SimulationError

Array = NDArray[np.float64]

# Streams between the sorted refractive indices (air first) of three layers: 0.6 % rms from Monte Carlo.
STREAMS = (6, 4, 2, 3)

_GRAZING = 1e-6  # smallest cosine; a stream cannot run exactly along the layer
_LOSSLESS = 1 - 1e-9  # largest albedo; at 1 the even matrix would be singular
_CLEAR = 1e-7  # smallest optical thickness; at 0 the antisymmetric modes would be infinite
_OPAQUE = 300.0  # optical thickness from where tanh is 1 in double precision


@dataclass(frozen=True, eq=False)
class LayeredTissue:
    r"""A batch of layered tissues, topmost layer first.

    Parameters
    ----------
    absorption_per_cm, scattering_per_cm : array, shape (tissues, wavelengths, layers)
        Coefficients :math:`\mu_a` and :math:`\mu_s` in 1/cm, absorption positive or zero.
    anisotropy : array, shape (tissues, layers)
        Mean cosine g of the scattering angle, below 1.
    refractive_index : array, shape (tissues, layers)
        At least 1 (air).
    thickness_mm : array, shape (tissues, layers)

    Raises
    ------
    SimulationError
        When shapes do not belong together or a value is out of range.
    """

    absorption_per_cm: Array
    scattering_per_cm: Array
    anisotropy: Array
    refractive_index: Array
    thickness_mm: Array

    def __post_init__(self) -> None:
        tissues, _, layers = self.absorption_per_cm.shape
        if self.scattering_per_cm.shape != self.absorption_per_cm.shape:
            raise SimulationError("Absorption and scattering differ in shape; give both for each wavelength.")
        for name in ("anisotropy", "refractive_index", "thickness_mm"):
            if getattr(self, name).shape != (tissues, layers):
                raise SimulationError(f"{name} has another shape than {(tissues, layers)}.")
        if np.any(self.absorption_per_cm < 0) or np.any(self.scattering_per_cm < 0):
            raise SimulationError("Absorption and scattering coefficients must not be negative.")
        if np.any(np.abs(self.anisotropy) >= 1) or np.any(self.refractive_index < 1):
            raise SimulationError("Anisotropy must lie between -1 and 1, the refractive index at 1 or above.")


@dataclass(frozen=True, eq=False)
class Response:
    """Where the light goes, as fractions of the incident light.

    Parameters
    ----------
    reflectance : array, shape (tissues, wavelengths)
        All that comes back, the specular part included.
    specular : array, shape (tissues, 1)
        Mirror reflection at the upper surface.
    transmittance : array, shape (tissues, wavelengths)
        All that leaves below.
    """

    reflectance: Array
    specular: Array
    transmittance: Array

    @property
    def diffuse_reflectance(self) -> Array:
        """Reflectance without the specular part, shape (tissues, wavelengths)."""
        return self.reflectance - self.specular


@dataclass(frozen=True, eq=False)
class _Stack:
    """Everything from some depth downwards, as the light above sees it.

    ``reflection`` (tissues, wavelengths, N, N) maps streams that go down to streams that come up;
    ``transmitted`` (tissues, wavelengths, 1, N) is the flux that leaves below for each of them.
    """

    reflection: Array
    transmitted: Array


def solve(tissue: LayeredTissue, streams: tuple[int, ...] = STREAMS) -> Response:
    """Reflectance and transmittance under normal incidence.

    Parameters
    ----------
    tissue : LayeredTissue
    streams : tuple of int, one more than there are layers
        Numbers of streams between consecutive sorted refractive indices, the first for those that reach air.

    Returns
    -------
    Response

    Raises
    ------
    SimulationError
        When the number of ``streams`` does not fit the number of layers.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> slab = LayeredTissue(one[None] * 10, one[None] * 90, one * 0.75, one, one * 0.2)
    >>> solve(slab, streams=(16, 1)).diffuse_reflectance.round(3)
    array([[0.097]])
    """
    index = tissue.refractive_index
    layers = index.shape[1]
    if len(streams) != layers + 1:
        raise SimulationError(
            f"{len(streams)} numbers of streams for {layers} layers; expected {layers + 1}."
        )
    momentum, flux = _streams(index, streams)
    amplitude = np.sqrt(2 * flux)
    air = np.ones(len(index))
    stack = _lower_surface(_fresnel(momentum, index[:, -1], air), amplitude)
    for k in reversed(range(layers)):
        stack = _add_layer(stack, *_layer(tissue, k, momentum, flux))
        above = index[:, k - 1] if k else air
        stack = _add_surface(stack, _fresnel(momentum, above, index[:, k]))
    in_air = amplitude * (momentum < 1)
    normal = amplitude[:, :1]  # stream 0 is the normal one
    reflectance = np.einsum("bi,bwi->bw", in_air, stack.reflection[..., 0]) / normal
    specular = _fresnel(np.zeros((len(index), 1)), air, index[:, 0])
    return Response(reflectance, specular, stack.transmitted[..., 0, 0] / normal)


@lru_cache
def _radau(n: int) -> tuple[Array, Array]:
    """Gauss-Radau nodes and weights on [-1, 1]; node 0 is +1, the normal direction."""
    nodes, weights = roots_jacobi(n - 1, 1, 0) if n > 1 else (np.empty(0), np.empty(0))
    return np.append(1.0, nodes), np.append(2 / n**2, weights / (1 - nodes))


def _streams(index: Array, counts: tuple[int, ...]) -> tuple[Array, Array]:
    """Transverse momenta p and flux weights p dp of the streams, each of shape (tissues, N).

    Between two neighbouring indices the streams are spread by Gauss' rule over the cosine in the denser one.
    """
    edges = np.sort(np.column_stack([np.ones(len(index)), index]), axis=1)
    momenta: list[Array] = []
    weights: list[Array] = []
    lower = np.zeros(len(index))
    for upper, count in zip(edges.T, counts, strict=True):
        nodes, shares = leggauss(count) if momenta else _radau(count)
        widest = np.sqrt(1 - (lower / upper) ** 2)[:, None]
        cosine = (nodes + 1) / 2 * widest
        momenta.append(upper[:, None] * np.sqrt(1 - cosine**2))
        weights.append(upper[:, None] ** 2 * cosine * shares / 2 * widest)
        lower = upper
    return np.hstack(momenta), np.hstack(weights)


def _fresnel(momentum: Array, above: Array, below: Array) -> Array:
    """Unpolarised Fresnel reflectance of each stream at a surface, shape (tissues, N); 1 where it is total."""
    n1, n2 = above[:, None], below[:, None]
    total = momentum >= np.minimum(n1, n2)
    p = np.where(total, 0.0, momentum)
    cos1, cos2 = np.sqrt(1 - (p / n1) ** 2), np.sqrt(1 - (p / n2) ** 2)
    across = (n1 * cos1 - n2 * cos2) / (n1 * cos1 + n2 * cos2)
    along = (n1 * cos2 - n2 * cos1) / (n1 * cos2 + n2 * cos1)
    return np.where(total, 1.0, (across**2 + along**2) / 2)


def _layer(tissue: LayeredTissue, k: int, momentum: Array, flux: Array) -> tuple[Array, Array]:
    """Reflection and transmission of layer ``k`` alone, each of shape (tissues, wavelengths, N, N)."""
    index = tissue.refractive_index[:, k, None]
    inside = momentum < index
    sine = np.where(inside, momentum / index, 0.0)
    cosine = np.maximum(np.sqrt(1 - sine**2), _GRAZING)
    weight = np.where(inside, flux / (index**2 * cosine), 0.0)
    kernels, peak = _scattering_kernels(tissue.anisotropy[:, k], cosine, weight, inside)
    scattering = tissue.scattering_per_cm[:, :, k] * (1 - peak)
    extinction = tissue.absorption_per_cm[:, :, k] + scattering
    albedo = np.minimum(scattering / np.maximum(extinction, 1e-12), _LOSSLESS)
    thickness_cm = tissue.thickness_mm[:, k, None] / 10
    depth = np.maximum(extinction * thickness_cm, _CLEAR)
    return _two_sided(1 / cosine, albedo, kernels, depth)


def _scattering_kernels(
    anisotropy: Array, cosine: Array, weight: Array, inside: NDArray[np.bool_]
) -> tuple[tuple[Array, Array], Array]:
    """Even and odd kernels, each (tissues, N, N), and the delta-M forward peak (tissues, 1).

    The quadrature integrates the phase function almost to 1; what is missing is added to the forward direction,
    so that scattering alone loses no light.
    """
    count = cosine.shape[1]
    g = anisotropy[:, None]
    order = np.arange(count)
    peak = g**count
    moments = (2 * order + 1) * (g**order - peak) / (1 - peak)
    legendre = legvander(cosine, count - 1) * inside[..., None]
    even, odd = (
        (legendre[..., parity::2] * moments[:, None, parity::2]) @ legendre[..., parity::2].transpose(0, 2, 1)
        for parity in (0, 1)
    )
    missing = np.where(inside, 1 - np.einsum("bij,bj->bi", even, weight), 0.0)
    root = np.sqrt(weight / cosine)
    outer = root[:, :, None] * root[:, None, :]
    forward = _diagonal(missing / cosine)
    return (outer * even + forward, outer * odd + forward), peak


def _two_sided(
    attenuation: Array, albedo: Array, kernels: tuple[Array, Array], depth: Array
) -> tuple[Array, Array]:
    """Reflection and transmission of a layer from its eigenmodes (symmetric and antisymmetric illumination)."""
    even, odd = (
        _diagonal(attenuation)[:, None] - albedo[..., None, None] * kernel[:, None] for kernel in kernels
    )
    lower = np.linalg.cholesky(even)
    squares, vectors = np.linalg.eigh(_transposed(lower) @ odd @ lower)
    rate = np.sqrt(np.maximum(squares, 1e-14))
    modes = lower @ vectors
    tanh = np.tanh(np.minimum(rate * depth[..., None] / 2, _OPAQUE))
    unit = np.eye(rate.shape[-1])
    symmetric, antisymmetric = (
        np.linalg.inv(unit + (modes * admittance[..., None, :]) @ _transposed(modes))
        for admittance in (tanh / rate, 1 / (tanh * rate))
    )
    return symmetric + antisymmetric - unit, symmetric - antisymmetric


def _lower_surface(reflectance: Array, amplitude: Array) -> _Stack:
    transmitted = amplitude * (1 - reflectance)
    return _Stack(_diagonal(reflectance)[:, None], transmitted[:, None, None])


def _add_layer(stack: _Stack, reflection: Array, transmission: Array) -> _Stack:
    """Put a layer on top of a stack, all reflections between the two included."""
    unit = np.eye(reflection.shape[-1])
    down = np.linalg.solve(unit - reflection @ stack.reflection, transmission)
    return _Stack(reflection + transmission @ (stack.reflection @ down), stack.transmitted @ down)


def _add_surface(stack: _Stack, reflectance: Array) -> _Stack:
    """Put a surface on top of a stack, all reflections between the two included."""
    mirror, passing = reflectance[:, None, :, None], 1 - reflectance
    unit = np.eye(reflectance.shape[-1])
    down = np.linalg.solve(
        unit - mirror * stack.reflection,
        np.broadcast_to(_diagonal(passing)[:, None], stack.reflection.shape),
    )
    up = passing[:, None, :, None] * (stack.reflection @ down)
    return _Stack(up + _diagonal(reflectance)[:, None], stack.transmitted @ down)


def _diagonal(values: Array) -> Array:
    """Diagonal matrices (..., N, N) from their diagonals (..., N)."""
    return values[..., None] * np.eye(values.shape[-1])


def _transposed(matrices: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.swapaxes(matrices, -1, -2)
