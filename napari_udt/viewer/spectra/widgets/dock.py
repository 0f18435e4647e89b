"""The Spectra dock: it wires plot, legend with numbers, choices and export to the session."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.compat import isalive
from qtpy.QtCore import QEvent
from qtpy.QtGui import QGuiApplication, QShowEvent
from qtpy.QtWidgets import QWidget
from superqt.utils import ensure_main_thread

from napari_udt.io.spectral_libraries import write_library
from napari_udt.viewer.files.saving import saved
from napari_udt.viewer.layers.overlays.maps import MapLayers
from napari_udt.viewer.layers.overlays.regions import RegionLayers
from napari_udt.viewer.qt.frame_clock import FrameClock
from napari_udt.viewer.qt.visibility import VisibilityTracker, bring_to_front
from napari_udt.viewer.series.widgets.series_page import SeriesPage
from napari_udt.viewer.spectra.cached_curves import CurveCache
from napari_udt.viewer.spectra.curves import CurveSet, Subject
from napari_udt.viewer.spectra.export import csv_text, save_curves
from napari_udt.viewer.spectra.libraries import LibraryCurves, library_of
from napari_udt.viewer.spectra.residuals import subject_in_front
from napari_udt.viewer.spectra.resolve import CurveSource, resolve
from napari_udt.viewer.spectra.widgets.figure.dialog import FigureDialog
from napari_udt.viewer.spectra.widgets.form import NO_CUBES, NO_PIN, NO_PIXEL, NO_POPULATION, SpectraForm
from napari_udt.viewer.spectra.widgets.library import LibraryTools
from napari_udt.viewer.spectra.widgets.picture_tools.maps_and_regions import PictureTools
from napari_udt.viewer.state.chosen_model import ChosenModel
from napari_udt.viewer.state.comparable_cubes import focus_of, structure_names
from napari_udt.viewer.state.jobs import WorkerThread
from napari_udt.viewer.state.session import DisplayOptions, PixelRef, Session
from napari_udt.viewer.state.statistics import StructureStatistics
from napari_udt.viewer.state.verdicts import OpenVerdicts
from napari_udt.viewer.style import theme_on
from napari_udt.viewer.trust.training_bands import TrainingBands


class SpectraDock(SpectraForm):
    """Spectra of the pixel under the mouse, of pins, structures and regions, in all domains.

    Parameters
    ----------
    session : Session
    regions, maps : RegionLayers, MapLayers, optional
        Where regions are drawn and maps are shown; without them there are no buttons for that.
    sources : sequence of CurveSource
        Compute more curves, such as the live transfer.
    bands : TrainingBands, optional
        Of transferred curves over trainings; without it there are none.
    verdicts : OpenVerdicts, optional
        Whether transfers moved the structures closer to the reference; without it the dock finds that out by itself.
    parent : QWidget, optional
    """

    _made = False  # Qt sends events to widgets under construction

    def __init__(
        self,
        session: Session,
        regions: RegionLayers | None = None,
        maps: MapLayers | None = None,
        *,
        sources: Sequence[CurveSource] = (),
        bands: TrainingBands | None = None,
        verdicts: OpenVerdicts | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.session = session
        self.curves = CurveSet()
        self._hovered_nm: float | None = None
        self._front: Subject | None = None  # whose curves the user wants in front
        self._worker = WorkerThread()
        self.destroyed.connect(self._worker.stop)
        self._statistics = StructureStatistics(self._worker.submit)
        self._libraries = LibraryCurves(session)
        self._sources, self._cache = (*sources, self._libraries), CurveCache()
        self._bands = bands or TrainingBands(ChosenModel(lambda: ()))
        self._verdicts = verdicts or OpenVerdicts(session, self._worker.submit)
        library_tools = LibraryTools(session, parent=self)
        library_tools.message.connect(self._footer.show_message)
        self._controls.more.add_row(library_tools)
        if regions is not None and maps is not None:
            self._pictures = PictureTools(session, regions, maps, parent=self)
            self._pictures.message.connect(self._footer.show_message)
            self._controls.more.add_row(self._pictures)
        self._series = SeriesPage(session, parent=self)
        self._pages.addWidget(self._series)
        self._clock, self._visibility = FrameClock(self), VisibilityTracker(self)
        self._connect_widgets()
        self._connect_session()
        self._on_options_changed(session.options)
        self._on_pins_changed()
        self._made = True
        self._follow_palette()
        self.refresh()

    @property
    def shown_curves(self) -> CurveSet:
        """The curves without those that the user unticked."""
        return self.curves.without(self._table.hidden)

    @property
    def busy(self) -> bool:
        """Whether the dock is about to change: statistics are being computed, or drawn soon."""
        computing = self._statistics.jobs.busy or self._verdicts.busy or self._bands.jobs.busy
        return computing or self._clock.busy or (self._followed is not None and self._series.busy)

    def refresh(self) -> None:
        """Resolve the session and draw the curves now."""
        self._clock.tick()
        self._statistics.jobs.start_round()
        self.curves = resolve(self.session, self._statistics, self._sources, self._cache, self._bands)
        self._follow_series()
        self._draw()
        self._table.set_curves(self.curves)
        self._controls.set_curves(self.curves)
        self._controls.offer_trainings(self._bands.obstacle(self.session))
        if self.session.options.mode == "structure":
            self._controls.set_structures(structure_names(self.session, self._statistics))
        self._show_statement()
        self._show_verdict()
        self._plot.paint_now()

    def _follow_series(self) -> None:
        """Show curves over time or depth where the user wants them and a cube has a series."""
        axis, over = self._series.axis, self.session.options.over
        self.offer_axis(axis)
        self._followed = None if axis is None or over == "wavelength" else self._series
        self._footer.offer_for(None if self._followed is None else axis)
        if self._followed is not None and not self._statistics.jobs.busy:
            self._series.follow(self.curves, over)

    def set_theme(self, name: str) -> None:
        """Take the colours of one of napari's themes ("dark", "light"); the dock does so by itself."""
        self._plot.set_theme(name)
        self._series.set_theme(name)
        self._table.set_theme(name)
        self._overview.set_theme(name)
        self._draw()

    def save(self, path: str | Path) -> None:
        """Write the curves as .csv or .json, or as a spectral library (.sli), the plot as .png, .svg or .pdf.

        Raises
        ------
        CubeError
            When curves of one library share no wavelengths.
        OSError
            When the file cannot be written.
        """
        if self._followed is not None:
            self._series.save(Path(path))
        elif Path(path).suffix.casefold() == ".sli":
            write_library(library_of(Path(path).stem, self.shown_curves.curves), path)
        elif Path(path).suffix.casefold() in (".png", ".svg", ".pdf"):
            self._plot.save(Path(path))
        else:
            save_curves(self.shown_curves, path)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Follow the theme: napari's style sheet reaches widgets as a change of palette."""
        super().changeEvent(event)
        if self._made and event is not None and event.type() == QEvent.Type.PaletteChange:
            self._follow_palette()

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw what changed while the dock was hidden."""
        super().showEvent(event)
        self._request_refresh()

    def _follow_palette(self) -> None:
        self.set_theme(theme_on(self.palette().window().color().name()))

    def _connect_widgets(self) -> None:
        self._clock.due.connect(self._on_due)
        self._visibility.shown.connect(self._request_refresh)
        self._controls.chosen.connect(self._on_chosen)
        self._over.chosen.connect(self._on_chosen)
        self._controls.more.band_wanted.connect(self._on_band_wanted)
        self._plot.band_dragged.connect(self._on_band_dragged)
        self._plot.wavelength_dragged.connect(self._on_wavelength_dragged)
        self._plot.wavelength_hovered.connect(self._on_wavelength_hovered)
        self._plot.channel_step_requested.connect(self._on_channel_step)
        self._table.visibility_changed.connect(self._draw)
        self._table.subject_chosen.connect(self._on_subject_chosen)
        self._table.copied.connect(self._footer.show_message)
        self._chart.clicked.connect(self._on_chart)
        self._footer.cleared.connect(self._on_clear)
        self._footer.copy_requested.connect(self._on_copy)
        self._footer.export_requested.connect(self._on_export)
        self._footer.figure_requested.connect(self._on_figure)

    def _connect_session(self) -> None:
        session = self.session
        session.cubes_changed.connect(self._request_refresh)
        session.pictures_changed.connect(self._request_refresh)
        session.cursor_changed.connect(self._on_cursor_changed)
        session.pins_changed.connect(self._on_pins_changed)
        session.regions_changed.connect(self._request_refresh)
        session.options_changed.connect(self._on_options_changed)
        session.wavelength_changed.connect(self._on_wavelength_changed)
        session.spectra_requested.connect(self._on_spectra_requested)
        sources = (source.changed for source in self._sources)
        for computed in (self._statistics.jobs.ended, self._verdicts.changed, self._bands.changed, *sources):
            computed.connect(self._on_more_computed)
        self._on_wavelength_changed(session.wavelength_nm)

    def _on_due(self) -> None:
        if not self._visibility.skip_while_hidden():
            self.refresh()

    def _request_refresh(self) -> None:
        """Draw soon, and only what can be seen."""
        if isalive(self) and not self._visibility.skip_while_hidden():
            self._clock.request()

    def _draw(self) -> None:
        if self._followed is None:  # else the plot is hidden
            self._plot.show_curves(self.curves, self._table.hidden, self._front)

    def _show_statement(self) -> None:
        invitation = NO_PIXEL if self.session.options.hover else NO_PIN
        self.invite("" if self.curves.statement else invitation if len(self.session) else NO_CUBES)
        self._footer.show_statement(self.curves.statement, self.curves.remarks)
        self._allow()

    def _show_verdict(self) -> None:
        """Show the verdict on the structure of the curves in front, else on all structures of the cube that is looked at."""
        front = subject_in_front(self.curves, self._front)
        focus = focus_of(self.session)
        first = next((curve for curve in self.curves.curves if curve.subject == front), None)
        if focus is None:
            focus = next(reversed(list(self.session)), None)
        if focus is None:
            self.show_verdict(())
            self._overview.show_verdict(None, {})
            return
        modality = focus.cube.modality if first is None else first.entry.cube.modality
        self._verdicts.refresh(modality)
        structure, is_mean = (
            (None, False) if first is None else (first.structure, first.subject[1] is not None)
        )
        self.show_verdict(self._verdicts.sentences(modality, structure, beside_others=not is_mean))
        self._overview.show_verdict(self._verdicts.of(modality), self._verdicts.appearances(modality))

    def _allow(self) -> None:
        something = bool(self.session.pins or self.session.options.structures)
        self._footer.set_possible(clearing=something, export=bool(self.curves.curves))

    def _on_cursor_changed(self, _pixel: PixelRef | None) -> None:
        """Draw together with napari's status bar, which shows the pixel under the mouse."""
        if isalive(self) and not self._visibility.skip_while_hidden():
            self._clock.request_with_next_paint()

    def _on_pins_changed(self) -> None:
        if isalive(self):
            self._allow()
            self._request_refresh()

    def _on_options_changed(self, options: DisplayOptions) -> None:
        if isalive(self):
            self._controls.set_options(options)
            self.show_axis(options)
            self._plot.set_band(options.band_nm)
            self._plot.set_chromophores(options.chromophores)
            self._request_refresh()

    def _on_wavelength_changed(self, wavelength_nm: float | None) -> None:
        if isalive(self):
            self._plot.set_wavelength(wavelength_nm)
            self._show_values()

    @ensure_main_thread
    def _on_more_computed(self) -> None:
        self._request_refresh()

    def _on_subject_chosen(self, subject: Subject) -> None:
        self._front = subject
        self._draw()
        self._show_verdict()

    def _on_chosen(self, option: str, value: object) -> None:
        changes = {option: value}
        if value == "wavelength" and self.session.wavelength_nm is not None:
            changes["normalisation_nm"] = self.session.wavelength_nm
        self.session.set_options(**changes)

    def _on_band_wanted(self, wanted: bool) -> None:
        self.session.set_options(band_nm=self.curves.usual_band() if wanted else None)

    def _on_band_dragged(self, low_nm: float, high_nm: float) -> None:
        self.session.set_options(band_nm=(round(low_nm, 1), round(high_nm, 1)))

    def _on_wavelength_hovered(self, wavelength_nm: float | None) -> None:
        self._hovered_nm = wavelength_nm
        self._show_values()

    def _on_wavelength_dragged(self, wavelength_nm: float) -> None:
        self._go_to_channel(wavelength_nm, 0)

    def _on_channel_step(self, step: int) -> None:
        if self.session.wavelength_nm is not None:
            self._go_to_channel(self.session.wavelength_nm, step)

    def _go_to_channel(self, wavelength_nm: float, step: int) -> None:
        """Ask for the nearest wavelength of the first curve, some channels on: pictures exist only there."""
        if self.curves.curves:
            cube = self.curves.curves[0].entry.cube
            channel = cube.nearest_channel(wavelength_nm) + step
            self.session.set_wavelength(float(cube.wavelengths_nm[min(max(channel, 0), cube.shape[2] - 1)]))

    def _show_values(self) -> None:
        at = self._hovered_nm if self._hovered_nm is not None else self.session.wavelength_nm
        self._table.set_wavelength(at)

    def _on_chart(self) -> None:
        focus = focus_of(self.session) or next(reversed(list(self.session)), None)
        if not len(self.session.verdict_requested):
            self._footer.show_message(NO_POPULATION)
        elif focus is not None:
            self.session.verdict_requested.emit(focus.cube.modality)

    def _on_spectra_requested(self) -> None:
        if isalive(self):
            bring_to_front(self)

    def _on_clear(self) -> None:
        self.session.clear_pins_and_structures()

    def _on_figure(self) -> None:
        followed = self._followed is not None
        curves = self._series.curves if followed else self.shown_curves
        over = self._series.plot.axis_title if followed else ""
        FigureDialog(self.session, curves, self._footer.show_message, over=over, parent=self).open()

    def _on_copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            curves, series = self.shown_curves, self._series.lines if self._followed is not None else None
            clipboard.setText(csv_text(curves) if series is None else self._series.csv_text())
            count = len(curves.curves if series is None else series)
            self._footer.show_message(f"Copied {count} curves as CSV")

    def _on_export(self, target: Path) -> None:
        self._footer.show_message(saved(self.save, target))
