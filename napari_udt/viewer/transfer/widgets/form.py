"""The fields and buttons of the Transfer dock, laid out; what they mean is decided in ``dock``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magicgui.widgets import ComboBox, ProgressBar, PushButton, Slider, SpinBox
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_udt.cube import SpectralCube
from napari_udt.outgoing_text import without_markup
from napari_udt.viewer.files.widgets.file_row import FileRow
from napari_udt.viewer.qt.fields import row_of, set_tab_order
from napari_udt.viewer.qt.scroll_area import VerticalScrollArea
from napari_udt.viewer.series.pictures import series_of
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.transfer import job as transfer_job
from napari_udt.viewer.transfer.widgets.model_tools import ModelTools
from napari_udt.viewer.transfer.widgets.truncation import TruncationSlider

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec

_LETTERS = 8  # that a choice keeps room for in a narrow dock
_PADDING = 4  # pixels above and below a note together
_LARGEST_SEED = 2**31 - 1  # Qt's largest number
_MOST_STEPS = 50
_LEAST_LINES = 4  # of the form that stay visible in a low window


class TransferForm(QWidget):
    """Buttons above, the form between, which scrolls in a low window, below it the honest note and the run.

    Parameters
    ----------
    session : Session
        What the row of the file opens cubes into.
    parent : QWidget, optional
    """

    fold_changed = Signal(bool)  # whether it is folded now

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._make_widgets(session)
        self._lay_out()
        set_tab_order(*self._as_read())

    def _make_widgets(self, session: Session) -> None:
        self.fold_button = QToolButton(self)
        self.fold_button.setObjectName("fold")
        self.fold_button.setAccessibleName("Show the choices of the transfer")
        self.fold_button.setToolTip("<qt>Show all choices, or only one line: the spectra get the room.</qt>")
        self.fold_button.setCheckable(True)
        self.fold_button.setChecked(True)
        self.fold_button.setAutoRaise(True)
        self.fold_button.setArrowType(Qt.ArrowType.DownArrow)
        self.fold_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.open_button = PushButton(
            text="Open…",
            tooltip="<qt>Open files with spectra: cubes of photoacoustic or hyperspectral imaging; they can be dropped on "
            "the window as well.</qt>",
        )
        self.layout_button = PushButton(
            text="Side by side",
            tooltip="<qt>Simulated, transferred and reference beside each other, with one slider and one camera.</qt>",
        )
        self.layout_button.native.setCheckable(True)
        self.source = ComboBox(choices=[], tooltip="The cube to transfer")
        self.file_row = FileRow(session, parent=self)
        self.model = ComboBox(choices=[], tooltip="Models that fit the cube")
        self.direction = ComboBox(choices=transfer_job.direction_choices(None))
        self.condition = ComboBox(
            choices=[],
            tooltip="<qt>The condition: what the network gets to know about the tissue of each pixel.</qt>",
        )
        self.names_button = PushButton(
            text="Names…",
            tooltip="<qt>What the model and the reference call the structures of this cube: see what goes through the proxy "
            "condition, and give structures other names.</qt>",
        )
        self.noise = ComboBox(
            choices=[("as in training", "training"), ("none", "none")],
            tooltip="<qt>A simulation has no noise, but the network was trained with some: the same is added. Choose none for "
            "data that bear noise already.</qt>",
        )
        self.seed = SpinBox(
            value=0,
            min=0,
            max=_LARGEST_SEED,
            tooltip="<qt>The seed of what is drawn at random: the noise, and the samples of a stochastic model. The same seed gives the "
            "same result, another one another that is as likely.</qt>",
        )
        self.steps = Slider(
            value=1,
            min=1,
            max=_MOST_STEPS,
            tooltip="<qt>Steps from one domain to the other. More take longer and follow the learnt path more closely.</qt>",
        )
        self.deformation = ComboBox(
            choices=[("left out", "none"), ("shown beside it", "beside")],
            tooltip="<qt>The model learnt how the target's devices displace what they show. A transfer leaves structures in their places; "
            "a second cube can show them displaced, with arrows.</qt>",
        )
        self.truncation = TruncationSlider(self)
        self.frames = ComboBox(
            choices=[("each when it is looked at", "each"), ("all now", "all")],
            tooltip="<qt>The cube is one picture of a series: its others are transferred when the slider along time or depth comes "
            "to them, and by curves over it; or all in this run, which takes that many times as long and keeps all of them in "
            "memory.</qt>",
        )
        self.device = ComboBox(
            choices=[("automatic", "auto")], tooltip="Where the network runs: processor or graphics card."
        )
        self.model_tools = ModelTools(self.model.native, parent=self)
        self.run_button = PushButton(
            text="Transfer",
            tooltip="<qt>Transfer every spectrum of the cube to the other domain. The result is a cube of its own; its "
            "source stays as it is.</qt>",
        )
        self.all_button = PushButton(text="All models")
        self.all_button.native.hide()  # until several models fit
        self.cancel_button = PushButton(
            text="Cancel", enabled=False, tooltip="Stop the transfer; nothing of it is kept."
        )
        self.progress = ProgressBar(value=0, min=0, max=1000, tooltip="Share of the cube that is transferred")
        self.progress.native.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.status, self.grid_note, self.structure_note, self.model_note, self.note = (
            self._small_label() for _ in range(5)
        )
        self.status.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.status.setMinimumHeight(2 * self.fontMetrics().height() + _PADDING)  # never under others
        self.note.setMinimumHeight(2 * self.note.fontMetrics().height())
        self.caution = self._small_label()
        self.caution.setText("Research use only")
        self.caution.setWordWrap(False)
        self.caution.setMinimumWidth(self.caution.sizeHint().width())
        self.caution.hide()  # until the form, and the note with it, is folded
        for box in (
            self.source,
            self.model,
            self.direction,
            self.condition,
            self.noise,
            self.deformation,
            self.frames,
            self.device,
        ):
            box.native.setMinimumContentsLength(_LETTERS)  # long names of cubes must not widen the dock
            box.native.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.native.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def _small_label(self) -> QLabel:
        label = QLabel(self)
        label.setWordWrap(True)
        label.setMinimumSize(1, 1)  # Qt would keep room for the text wrapped into a narrow column
        label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.LinksAccessibleByMouse
        )
        font = label.font()
        font.setPointSizeF(font.pointSizeF() * 0.9)
        label.setFont(font)
        return label

    @property
    def folded(self) -> bool:
        """Whether only one line of buttons is shown."""
        return not self.fold_button.isChecked()

    def set_folded(self, folded: bool) -> None:
        """Show one line of buttons, or everything."""
        self.fold_button.setChecked(not folded)

    def _lay_out(self) -> None:
        whole = QVBoxLayout(self)
        whole.setContentsMargins(6, 4, 6, 4)
        whole.setSpacing(3)
        self._upper_row = row_of(self.fold_button, equal=False)
        for button in (self.open_button, self.layout_button):
            self._upper_row.addWidget(button.native, stretch=1)
        self._run_row = self._row(*self._of_the_run())
        self._scroll_area = self._scrolling()
        whole.addLayout(self._upper_row)
        whole.addWidget(self._scroll_area, stretch=1)
        whole.addWidget(self.note)
        whole.addLayout(self._run_row)
        whole.addWidget(self.status)
        whole.addStretch()
        self.fold_button.toggled.connect(self._on_fold_toggled)

    def _of_the_run(self) -> tuple[PushButton | ProgressBar, ...]:
        return self.run_button, self.all_button, self.progress, self.cancel_button

    def _on_fold_toggled(self, opened: bool) -> None:
        """Move the buttons of the run into the one line, or back below the form."""
        self.fold_button.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        for widget in self._of_the_run():
            (self._run_row if opened else self._upper_row).addWidget(widget.native, stretch=1)
        self._upper_row.addWidget(self.caution)
        for part in (self._scroll_area, self.note, self.status):
            part.setVisible(opened)
        self.caution.setVisible(not opened)
        self.fold_changed.emit(not opened)

    def show_note(self, text: str) -> None:
        """Say what the model's results are; the folded line keeps it as a tool tip of its short caution."""
        self.note.setText(without_markup(text))
        self.caution.setToolTip(without_markup(text))

    def _as_read(self) -> list[QWidget]:
        """Return all that can be operated, from top to bottom."""
        tools, file_row = self.model_tools, self.file_row
        return [
            self.fold_button,
            self.open_button.native,
            self.layout_button.native,
            self.source.native,
            file_row.box,
            file_row.button,
            self.model.native,
            tools.card_button,
            tools.import_button,
            *(
                each.native
                for each in (
                    self.direction,
                    self.condition,
                    self.names_button,
                    self.noise,
                    self.seed,
                    self.steps,
                    self.deformation,
                )
            ),
            self.truncation.slider,
            self.frames.native,
            self.device.native,
            self.run_button.native,
            self.all_button.native,
            self.cancel_button.native,
        ]

    def _scrolling(self) -> VerticalScrollArea:
        """Return the form, and remarks on the choices, in an area that scrolls."""
        inside = QWidget(self)
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(self._form())
        for note in (self.structure_note, self.grid_note, self.model_note):
            column.addWidget(note)
        column.addStretch()
        return VerticalScrollArea(inside, self, least_lines=_LEAST_LINES)

    def _form(self) -> QFormLayout:
        form = QFormLayout()
        form.setSpacing(4)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("&Cube", self.source.native)
        form.addRow(self.file_row.title, self.file_row)
        form.addRow(self._model_label(), self.model_tools)
        form.addRow("&Direction", self.direction.native)
        tissue, label = QWidget(self), QLabel("&Tissue", self)
        label.setBuddy(self.condition.native)
        row_of(self.condition.native, self.names_button.native, equal=False, parent=tissue).setStretch(0, 1)
        form.addRow(label, tissue)
        self._noise_label = QLabel("&Noise", self)
        self._noise_label.setBuddy(self.noise.native)
        form.addRow(self._noise_label, self.noise.native)
        self._seed_label = QLabel("&Seed", self)
        self._seed_label.setBuddy(self.seed.native)
        form.addRow(self._seed_label, self.seed.native)
        self._steps_label = QLabel("Steps", self)
        self._steps_label.setBuddy(self.steps.native)
        form.addRow(self._steps_label, self.steps.native)
        self._deformation_label = QLabel("De&formation", self)
        self._deformation_label.setBuddy(self.deformation.native)
        form.addRow(self._deformation_label, self.deformation.native)
        self._truncation_label = QLabel("Truncation", self)
        self._truncation_label.setBuddy(self.truncation.slider)
        form.addRow(self._truncation_label, self.truncation)
        self._frames_label = QLabel("&Pictures", self)
        self._frames_label.setBuddy(self.frames.native)
        form.addRow(self._frames_label, self.frames.native)
        form.addRow("D&evice", self.device.native)
        return form

    def _model_label(self) -> QLabel:
        label = QLabel("&Model", self)
        label.setBuddy(self.model.native)  # the row holds buttons as well
        return label

    def offer_model(self, spec: ModelSpec | None) -> None:
        """Show what a model lets the user choose, with its own number of steps."""
        steps = transfer_job.own_steps(spec)
        for widget in (self._steps_label, self.steps.native):
            widget.setVisible(bool(steps))
        for widget in (self._truncation_label, self.truncation):
            widget.setVisible(spec is not None and spec.from_labels)
        if steps:
            self.steps.max, self.steps.value = max(_MOST_STEPS, steps), steps
        for widget in (self._deformation_label, self.deformation.native):
            widget.setVisible(transfer_job.offers_deformation(spec))
        self.offer_draws()

    def offer_draws(self) -> None:
        """Show the choices of noise and seed, or hide them where there is none to make."""
        spec, direction = self.model.value, self.direction.value
        for widget in (self._noise_label, self.noise.native):
            widget.setVisible(transfer_job.offers_noise(spec, direction))
        for widget in (self._seed_label, self.seed.native):
            widget.setVisible(transfer_job.offers_seed(spec, direction, self.noise.value))

    def choices(self) -> dict[str, Any]:
        """Return what a request takes from the fields beside cube and model."""
        names = ("direction", "condition", "noise", "frames", "device", "seed")
        steps = self.steps.value if transfer_job.own_steps(self.model.value) else None
        deformed = self.deformation.value == "beside"
        own = {"steps": steps, "deformed": deformed, "truncation": self.truncation.value}
        return {**{name: getattr(self, name).value for name in names}, **own}

    def offer_frames(self, cube: SpectralCube | None) -> None:
        """Show the choice for the pictures of a series, or hide it for a cube that is a single one."""
        for widget in (self._frames_label, self.frames.native):
            widget.setVisible(cube is not None and series_of(cube) is not None)

    @staticmethod
    def _row(*widgets: PushButton | ProgressBar) -> QHBoxLayout:
        return row_of(*(widget.native for widget in widgets))
