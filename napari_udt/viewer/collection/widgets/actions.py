"""What is done with a collection: its cubes are opened, it is saved, trained on, compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_udt.collection import ENDING
from napari_udt.collection.reading import open_member
from napari_udt.cube import SpectralCube
from napari_udt.errors import CollectionError
from napari_udt.population.groups import Population
from napari_udt.population.of_collections import population_of_collection
from napari_udt.viewer.collection.open_collection import Key, OpenCollection, key_of, save_as
from napari_udt.viewer.files.opening import add_cubes
from napari_udt.viewer.qt.fields import push_button, row_of
from napari_udt.viewer.qt.jobs import JobRunner
from napari_udt.viewer.state.jobs import Report, error_text
from napari_udt.viewer.state.session import Session

_FILTER = f"Collections (*{ENDING})"
SAMPLING = "Drawing spectra from the cubes ..."


class CollectionActions(QWidget):
    """A row of buttons, and the job that one of them has started.

    Parameters
    ----------
    session : Session
        Where cubes are opened.
    collection : OpenCollection
    selected : callable
        Returns the keys of the selected cubes.
    parent : QWidget, optional
    """

    said = Signal(str)  # what happens, or why it cannot
    changed = Signal()  # a job began or ended

    def __init__(
        self,
        session: Session,
        collection: OpenCollection,
        selected: Callable[[], Sequence[Key]],
        *,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._collection, self._selected = session, collection, selected
        self.job = JobRunner(self)
        self.open_button = push_button(
            "Open", "Open the selected cubes in the window, under the collection's names.", self, shrinks=True
        )
        self.save_button = push_button(
            "Save…", f"Write the collection as one small text file, NAME{ENDING}.", self, shrinks=True
        )
        self.train_button = push_button(
            "Train with this",
            "Hand the collection to the Train dock, as simulated and as target cubes; it is saved first.",
            self,
            shrinks=True,
        )
        self.compare_button = push_button(
            "Compare",
            "Show the domains of all cubes in the Population dock, over images and subjects. Spectra are drawn from each cube once.",
            self,
            shrinks=True,
        )
        self.buttons = (self.open_button, self.save_button, self.train_button, self.compare_button)
        row_of(*self.buttons, parent=self)
        self.open_button.clicked.connect(lambda: self.open_cubes(self._selected()))
        self.save_button.clicked.connect(self.save)
        self.train_button.clicked.connect(self.train)
        self.compare_button.clicked.connect(self.compare)
        self.job.ended.connect(self.changed)
        self.job.failed.connect(lambda error: self.said.emit(error_text(error)))
        self.job.cancelled.connect(lambda: self.said.emit("Cancelled."))

    def open_cubes(self, keys: Sequence[Key]) -> None:
        """Open cubes in the window, under the names and in the domains of the collection."""
        whole = {key_of(cube) for cube in self._collection.cubes if not cube.problem}
        wanted = [key for key in keys if key in whole]
        if not wanted:
            problems = [c.problem for c in self._collection.cubes if key_of(c) in keys and c.problem]
            self.said.emit("\n".join(problems[:3]) or "Select cubes that can be opened.")
        elif self.job.start(partial(_opened, self._collection, wanted), self._show_cubes):
            self.said.emit(f"Opening {wanted[0][0].name}{' ...' if len(wanted) == 1 else ' and others ...'}")
            self.changed.emit()

    def save(self) -> Path | None:
        """Ask for a file name and write the collection; the file, or None where nothing was written."""
        return ask_and_save(self._collection, self, self.said.emit)

    def train(self) -> None:
        """Hand the collection to the Train dock, from its file."""
        path = self._collection.path if self._collection.saved else self.save()
        if path is not None:
            self._collection.train_requested.emit(path)

    def compare(self) -> None:
        """Draw spectra from all cubes and hand them to the Population dock."""
        try:
            collection = self._collection.collection()
        except CollectionError as error:
            self.said.emit(str(error))
            return
        work = partial(population_of_collection, collection, None)
        if self.job.start(work, self._show_population):
            self.said.emit(SAMPLING)
            self.changed.emit()

    def set_possible(self, *, some: bool, selected: bool) -> None:
        """Enable the buttons for what can be done."""
        free = not self.job.running
        self.open_button.setEnabled(selected and free)
        for button in (self.save_button, self.train_button):
            button.setEnabled(some)
        self.compare_button.setEnabled(some and free)

    def _show_cubes(self, cubes: list[SpectralCube]) -> None:
        add_cubes(self._session, cubes)
        names = ", ".join(cube.name for cube in cubes[:4])
        self.said.emit(f"Opened {names}{' ...' if len(cubes) > 4 else ''}")

    def _show_population(self, population: Population) -> None:
        self.said.emit("\n".join(population.notes[:4]))
        self._collection.compared.emit(population)


def ask_and_save(collection: OpenCollection, parent: QWidget, say: Callable[[str], object]) -> Path | None:
    """Ask for a file name and write a collection; return the file, or None where nothing was written."""
    start = collection.path or Path(f"cubes{ENDING}")
    name, _ = QFileDialog.getSaveFileName(parent, "Save the collection", str(start), _FILTER)
    if not name:
        return None
    path = Path(name)
    if not path.name.endswith(ENDING):
        path = path.with_name(f"{path.name.removesuffix('.toml').removesuffix('.udt-collection')}{ENDING}")
    return path if save_as(collection, path, say) else None


def _opened(collection: OpenCollection, keys: Sequence[Key], report: Report) -> list[SpectralCube]:
    """Open cubes under the collection's names, in another thread: in memory as if they were dropped, so that the window waits for none."""
    cubes = []
    for number, key in enumerate(keys):
        report(number, len(keys))
        cube = open_member(collection.member(key), memory_limit_mb=None)
        cubes.append(cube.with_structures_named(collection.structures))
    return cubes
