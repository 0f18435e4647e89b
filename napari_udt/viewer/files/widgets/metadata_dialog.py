"""A dialog for metadata that a file lacks."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from napari_udt.errors import UdtError
from napari_udt.io.missing_metadata import StatedMetadata
from napari_udt.viewer.files.missing_metadata import Question, domain_choices, modality_choices

_WIDTH = 460
_HINT = "500-1000   or   700, 710, 720, …"

# Takes the stated metadata and whether they hold for further files of the format; raises UdtError when they do not fit.
Accept = Callable[[StatedMetadata, bool], None]


class MetadataDialog(QDialog):
    """Asks for wavelengths, the spectral axis, and where the data come from; shows at once how the file would be opened.

    Parameters
    ----------
    question : Question
    accept : callable
        Called when the user presses Open; what it raises is shown, and the dialog stays.
    parent : QWidget, optional
    """

    def __init__(self, question: Question, accept: Accept, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._question, self._accept = question, accept
        self.setWindowTitle("What the file does not say")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(_WIDTH)
        self._make_widgets()
        self._lay_out()
        self._follow_entry()

    def _make_widgets(self) -> None:
        question = self._question
        self.wavelengths = QLineEdit(self)
        self.wavelengths.setPlaceholderText(_HINT)
        self.wavelengths.setToolTip("First and last of evenly spaced wavelengths, or one per channel, in nm")
        self.axis, self.domain, self.modality = QComboBox(self), QComboBox(self), QComboBox(self)
        for box, choices in (
            (self.axis, question.axes),
            (self.domain, domain_choices()),
            (self.modality, modality_choices()),
        ):
            for title, key in choices:
                box.addItem(title, key)
        self.axis.setCurrentIndex(self.axis.findData(question.likely_axis))
        self.modality.setCurrentIndex(self.modality.findData(question.modality))
        self.remember = QCheckBox("Use also for further files of this format", self)
        self.remember.setChecked(True)
        self.preview = _wrapped_label(self)
        self.buttons = QDialogButtonBox(self)
        self.ok = self.buttons.addButton(
            "Open" if question.missing else "OK", QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.cancel = self.buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        self.wavelengths.textChanged.connect(self._follow_entry)
        self.axis.currentIndexChanged.connect(self._follow_entry)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    def _lay_out(self) -> None:
        head = _wrapped_label(self)
        head.setText(self._question.sentence)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows: list[tuple[str, QWidget, bool]] = [
            ("Wavelengths are on the", self.axis, bool(self._question.axes)),
            ("Wavelengths [nm]", self.wavelengths, self._question.asks_wavelengths),
            ("Data are", self.domain, True),
            ("Modality", self.modality, True),
        ]
        for title, widget, wanted in rows:
            widget.setVisible(wanted)
            if wanted:
                form.addRow(title, widget)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(head)
        layout.addLayout(form)
        for widget in (self.preview, self.remember, self.buttons):
            layout.addWidget(widget)
        self.preview.setVisible(self._question.missing is not None)

    def _follow_entry(self) -> None:
        will_do, text = self._question.verdict(self.wavelengths.text(), self.axis.currentData())
        self.preview.setText(text)
        self.ok.setEnabled(will_do)

    def accept(self) -> None:
        """Accept the answer; the dialog stays when it does not fit the file."""
        try:
            stated = self._question.answer(
                self.wavelengths.text(),
                self.axis.currentData(),
                self.domain.currentData(),
                self.modality.currentData(),
            )
            self._accept(stated, self.remember.isChecked())
        except (UdtError, OSError) as error:
            self.preview.setText(str(error))
            self.preview.setVisible(True)
            return
        super().accept()


def _wrapped_label(parent: QWidget) -> QLabel:
    label = QLabel(parent)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
