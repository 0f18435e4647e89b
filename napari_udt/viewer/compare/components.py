"""A picture whose skin, tissue and vessels are dimmed with sliders. No Qt, no torch until it is split."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from napari_udt.cube import SpectralCube
from napari_udt.inference.components import Components
from napari_udt.viewer.state.jobs import Report
from napari_udt.viewer.state.session import CubesChange, Session

Split = Callable[[SpectralCube], Components]


def _split(cube: SpectralCube) -> Components:
    from napari_udt.inference.components import split

    return split(cube)


class ComponentView:
    """The cube that was split last, and the recomposed one beside it in the session.

    Parameters
    ----------
    session : Session
    split : callable, optional
        Used instead of :func:`napari_udt.inference.components.split`, by tests.
    """

    def __init__(self, session: Session, split: Split = _split) -> None:
        self._session, self._split = session, split
        self._components: Components | None = None
        self.key = ""  # of the recomposed cube
        session.cubes_changed.connect(self._follow)

    @property
    def ready(self) -> bool:
        """Whether there is a recomposed cube that sliders change."""
        return self._components is not None and self.key in self._session

    def work(self, key: str) -> Callable[[Report], Components]:
        """Return what splits an open cube, for another thread."""
        cube = self._session[key].cube.with_(name=key)
        return partial(self._splitting, cube)

    def _splitting(self, cube: SpectralCube, report: Report) -> Components:
        report(0, 1)
        return self._split(cube)

    def show(self, components: Components) -> None:
        """Add the recomposed cube to the session, with nothing dimmed yet."""
        self._components = components
        cube = components.recomposed((1.0, 1.0, 1.0))
        self.key = self._session.add(cube, key=f"recomposed · {components.source.name}").key

    def dim(self, factors: tuple[float, float, float]) -> None:
        """Show the recomposed cube with other factors."""
        if self._components is not None and self.ready:
            self._session.show_pictures({self.key: self._components.recomposed(factors)})

    def _follow(self, change: CubesChange) -> None:
        self.key = dict(change.renamed).get(self.key, self.key)
        if self.key and self.key not in self._session:
            self._components, self.key = None, ""  # it was closed: let its arrays go
