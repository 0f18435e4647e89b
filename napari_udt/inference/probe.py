"""Transfers of single spectra of one cube: as usual, decoded in other classes and domains, under many conditions.

Everything that does not depend on the spectrum is prepared once (see
:class:`~napari_udt.inference.spectral_engine.SpectralPlan`), so that a spectrum under the mouse takes about a
millisecond.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import ModelError, TransferError
from napari_udt.inference.grid import regrid, transferable
from napari_udt.inference.job import Job, Side
from napari_udt.inference.spectra import with_job_noise
from napari_udt.inference.tissue import AUTO, tissue_condition
from napari_udt.models.noise import InputNoise

if TYPE_CHECKING:
    from torch import Tensor

    from napari_udt.inference.spectral_engine import SpectralPlan
    from napari_udt.models.model import TransferModel

Floats = NDArray[np.floating[Any]]
Entries = NDArray[np.intp]

DRAWS = 20
# Between simulated (0) and real (1); finer steps cannot be distinguished by eye.
DOMAIN_STEPS = 20


def make_job(cube: SpectralCube, model: TransferModel, condition: str = AUTO) -> Job:
    """Resolve the transfer of a cube by a model, out of the cube's own domain.

    Raises
    ------
    TransferError
        When modality or wavelengths do not fit.
    """
    if cube.modality != model.spec.modality:
        raise TransferError(
            f"{cube.name} is a {cube.modality} cube, but {model.spec.name} was trained on "
            f"{model.spec.modality}; choose a {cube.modality} model."
        )
    domains: tuple[Side, Side] = ("simulated", "real")
    if cube.domain in ("real", "second"):
        domains = ("real", "simulated")
    return Job(
        cube=cube,
        model=model,
        domains=domains,
        grid=regrid(
            cube.wavelengths_nm,
            np.asarray(model.spec.wavelengths_nm),
            cube.name,
            bad_bands=cube.bad_bands,
        ),
        tissue=tissue_condition(cube, model.spec, condition),
        scale="source",
        noise=InputNoise.of(model.spec) if domains[0] == "simulated" else InputNoise(),
    )


class SpectralProbe:
    """One HSI model and the spectra of one cube.

    Parameters
    ----------
    job : Job
        See `make_job`.

    Notes
    -----
    Spectra are raw, shape (n, cube channels), with the tissue entry (row of ``job.tissue.table``) of each. What comes
    back lies on the model's wavelengths and has the input's L2 norm where the model normalises spectra; spectra that
    are not finite, or zero, come back as NaN.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self._transfer: SpectralPlan | None = None
        self._draws: SpectralPlan | None = None
        self._explored: dict[str | None, SpectralPlan] = {}

    @property
    def wavelengths_nm(self) -> NDArray[np.float64]:
        """The model's wavelengths."""
        return np.asarray(self.job.model.spec.wavelengths_nm, np.float64)

    @property
    def planned(self) -> bool:
        """Whether the network can be prepared; other networks are run as they are."""
        from napari_udt.models.spectral_cinn import SpectralCINN

        return isinstance(self.job.model.network, SpectralCINN)

    def prepare(self) -> None:
        """Make the plan of the transfer, and run it once: the first run of torch costs more than the plan."""
        self.transfer(np.ones((1, self.job.cube.shape[2]), np.float32), np.zeros(1, np.intp))

    def transfer(self, spectra: Floats, entries: Entries) -> NDArray[np.float32]:
        """Transfer spectra to the other domain; shape (n, model channels)."""
        if not self.planned:
            return self._masked(spectra, entries, self._plain)
        if self._transfer is None:
            model, table = self.job.model, self.job.tissue.table
            source, target = (self._expected(domain, table) for domain in self.job.domains)
            second = model.spec.statistics[self.job.domains[1]]
            self._transfer = self._plan(source, target, second)
        return self._masked(spectra, entries, self._runner(self._transfer))

    def can_explore(self, name: str | None) -> bool:
        """Whether `explore` towards that class is prepared already."""
        return name in self._explored

    def prepare_exploring(self, name: str | None) -> None:
        """Prepare all domains of one class.

        Raises
        ------
        ModelError
            When the network knows nothing between the domains, or not the class.
        """
        if not self.planned:
            raise ModelError(
                f"Model {self.job.model.spec.name!r} ({self.job.model.spec.kind}) knows no domain between simulated "
                "and real; choose a cINN."
            )
        table = self.job.tissue.table
        classes = table if name is None else np.tile(self._one_hot(name), (len(table), 1))
        import torch

        source = self._expected(self.job.domains[0], table).repeat(DOMAIN_STEPS + 1, 1)
        target = torch.cat([self._expected(step / DOMAIN_STEPS, classes) for step in range(DOMAIN_STEPS + 1)])
        self._explored[name] = self._plan(source, target, (0.0, 1.0))

    def explore(
        self, spectra: Floats, entries: Entries, name: str | None, domain: float
    ) -> NDArray[np.float32]:
        """Encode spectra as what they are, and decode them as another class in another domain.

        Parameters
        ----------
        name : str, optional
            The class; None for each spectrum's own condition.
        domain : float
            0 (simulated) to 1 (real), rounded to 1 / `DOMAIN_STEPS`.
        """
        if name not in self._explored:
            self.prepare_exploring(name)
        step = round(domain * DOMAIN_STEPS)
        shifted = entries + step * len(self.job.tissue.table)
        run = self._runner(self._explored[name], step / DOMAIN_STEPS)
        return self._masked(spectra, shifted, run)

    def draws(self, spectra: Floats, entries: Entries) -> NDArray[np.float32]:
        """Transfer under `DRAWS` admissible conditions; shape (draws, n, model channels). A stochastic model gets as many seeds.

        The noise of the conditions is the same for every spectrum, so that differences between spectra are theirs and
        not of chance. See :mod:`napari_udt.inference.uncertainty` for what is admissible.

        Raises
        ------
        ModelError
            When the model is neither a cINN nor stochastic: it draws nothing.
        """
        if self.job.model.spec.is_stochastic:
            seeds = range(self.job.seed, self.job.seed + DRAWS)
            probes = (SpectralProbe(replace(self.job, seed=seed)) for seed in seeds)
            return np.stack([probe.transfer(spectra, entries) for probe in probes])
        if self._draws is None:
            self._draws = self._plan_of_draws()
        many = (np.asarray(entries)[None] * DRAWS + np.arange(DRAWS)[:, None]).reshape(-1)
        tiled = np.tile(np.asarray(spectra, np.float32), (DRAWS, 1))
        moved = self._masked(tiled, many, self._runner(self._draws))
        return moved.reshape(DRAWS, len(spectra), -1)

    def _plan_of_draws(self) -> SpectralPlan:
        model, domains = self.job.model, self.job.domains
        if not self.planned:
            raise ModelError(
                f"Model {model.spec.name!r} ({model.spec.kind}) draws no conditions; choose a cINN."
            )
        import torch

        drawn = [_drawn_conditions(model, domains, row) for row in self.job.tissue.table]
        source, target = (torch.cat(side) for side in zip(*drawn, strict=True))
        return self._plan(source, target, model.spec.statistics[domains[1]])

    def _plan(self, source: Tensor, target: Tensor, statistics: tuple[float, float]) -> SpectralPlan:
        from napari_udt.inference.spectral_engine import SpectralPlan

        model = self.job.model
        first = model.spec.statistics[self.job.domains[0]]
        return SpectralPlan(model.network, source, target, (first, statistics), model.device)  # type: ignore[arg-type]

    def _expected(self, domain: Side | float, table: Floats) -> Tensor:
        import torch

        return self.job.model.conditions.expected((len(table),), domain, torch.as_tensor(table))

    def _one_hot(self, name: str) -> NDArray[np.float32]:
        names = self.job.model.spec.class_names
        if name not in names:
            raise ModelError(f"{self.job.model.spec.name} does not know the class {name!r}.")
        return np.eye(len(names), dtype=np.float32)[names.index(name)]

    def _runner(self, plan: SpectralPlan, domain: float | None = None) -> Any:
        """Return a plan as a function; with a domain, its results are denormalised with that domain's statistics."""
        import torch

        def run(spectra: NDArray[np.float32], entries: Entries) -> NDArray[np.float32]:
            few = len(spectra) < plan.tile
            moved = plan(torch.from_numpy(spectra), torch.from_numpy(entries), narrow=few).numpy()
            return moved if domain is None else self.job.model.denormalise(moved, domain)

        return run

    def _plain(self, spectra: NDArray[np.float32], entries: Entries) -> NDArray[np.float32]:
        model, (source, target) = self.job.model, self.job.domains
        tissue = self.job.tissue.table[entries]
        mean, std = model.spec.statistics[source]
        x = (
            (spectra - np.float32(mean)) / np.float32(std)
            if self.job.noise
            else model.normalise(spectra, source)
        )
        return model.denormalise(self.job.translated(x, tissue), target)

    def _masked(self, spectra: Floats, entries: Entries, run: Any) -> NDArray[np.float32]:
        """Run on the transferable spectra; others become NaN, and L2 norms are restored."""
        values = self.job.grid(np.asarray(spectra, np.float32))
        usable, norms = transferable(values)
        out = np.full(values.shape, np.nan, np.float32)
        if usable.any():
            unit = self.job.model.spec.spectrum_norm == "l2"
            scale = norms[usable, None] if unit else np.float32(1)
            given = with_job_noise(self.job, values[usable])
            if self.planned and not self.job.noise:  # other networks' models normalise by themselves
                given = given / scale
            out[usable] = scale * run(given, np.asarray(entries)[usable])
        return out


def _drawn_conditions(model: TransferModel, domains: tuple[Side, Side], row: Floats) -> tuple[Tensor, Tensor]:
    """Draw conditions of both passes for one tissue entry; the same noise for every entry."""
    import torch

    generator = torch.Generator().manual_seed(0)
    known = None if np.allclose(row, row[0]) else torch.as_tensor(np.tile(row, (DRAWS, 1)))
    source = model.conditions.random((DRAWS,), domains[0], known, None, generator)
    return source, model.conditions.with_domain(source, domains[1], generator)
