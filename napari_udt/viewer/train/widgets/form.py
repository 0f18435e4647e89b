"""The fields of a training: method, time, name, and what is folded under More."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from magicgui.widgets import ComboBox, LineEdit
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFormLayout, QSizePolicy, QToolButton, QWidget

from napari_udt.viewer.qt.fields import fill, set_tab_order
from napari_udt.viewer.train.plan import BUDGETS, free_name

_DEVICES = [("processor", "cpu"), ("graphics card, if there is one", "auto")]
_RATES = [
    ("as configured", 1.0),
    ("a third of it", 3.0),
    ("a tenth of it", 10.0),
    ("a hundredth of it", 100.0),
]
_ANEW = "nothing: train anew"
_START = "A model whose weights the training begins with (fine-tuning). Its wavelengths and classes stay."


class TrainForm(QWidget):
    """The fields; what they say is read by the dock."""

    method_changed = Signal()

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.method = ComboBox(
            choices=[],
            tooltip="<qt>What is trained; the first one is proposed. docs/training.md compares them.</qt>",
        )
        self.minutes = ComboBox(
            choices=[(title, minutes) for minutes, title in BUDGETS.items()],
            tooltip="<qt>How long the training shall take, beside the reading of the cubes. Stop ends it before. A method that is "
            "fitted in closed form takes as long as it needs.</qt>",
        )
        self.name = LineEdit(value=free_name(), tooltip="<qt>What the model is called in all lists.</qt>")
        self.names = LineEdit(
            tooltip="<qt>Other names of structures, where the two domains call them differently: old = new, old = new</qt>"
        )
        self.names.native.setPlaceholderText("old = new, old = new")
        self.start = ComboBox(choices=[(_ANEW, "")])
        self.rate = ComboBox(
            choices=_RATES,
            tooltip="<qt>How fast weights change. A tenth helps where a loss was not a number, or jumps.</qt>",
        )
        self.device = ComboBox(choices=_DEVICES, tooltip="<qt>Where the network is trained.</qt>")
        for field, title in (
            (self.method, "Method"),
            (self.minutes, "Time"),
            (self.name, "Name"),
            (self.names, "Names of structures"),
            (self.start, "Start from"),
            (self.rate, "Learning rate"),
            (self.device, "Device"),
        ):
            field.native.setAccessibleName(title)
            field.native.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for field in (self.method, self.start):
            field.native.setMinimumContentsLength(8)
        self.more_button = QToolButton(self)
        self.more_button.setObjectName("more")
        self.more_button.setText("More")
        self.more_button.setToolTip(
            "<qt>Names of structures, a model to start from, the learning rate, and the device.</qt>"
        )
        self.more_button.setCheckable(True)
        self._lay_out()
        self.more_button.toggled.connect(self._show_more)
        self.method.changed.connect(lambda _: self.method_changed.emit())
        self.offer_starts([], {})

    def offer_methods(self, titles: Mapping[str, str]) -> None:
        """Offer methods, by their names; the chosen one stays where it is among them."""
        chosen = self.method.value
        with self.method.changed.blocked():
            self.method.choices = [(title, name) for name, title in titles.items()]
            self.method.value = chosen if chosen in titles else next(iter(titles))

    def offer_starts(self, names: Sequence[str], reasons: Mapping[str, str]) -> None:
        """Offer models to start from; the tool tip says why others are not among them."""
        chosen = self.start.value
        self.start.choices = [(_ANEW, ""), *((name, name) for name in names)]
        self.start.value = chosen if chosen in names else ""
        others = "".join(f"<li>{name}: {reason}</li>" for name, reason in reasons.items())
        self.start.native.setToolTip(
            f"<qt>{_START}{f'<br>Not offered:<ul>{others}</ul>' if others else ''}</qt>"
        )

    def set_tab_order(self, before: QWidget, after: QWidget) -> None:
        """Put the fields between two widgets in the order of the Tab key."""
        fields = (self.method, self.minutes, self.name)
        folded = (self.names, self.start, self.rate, self.device)
        set_tab_order(
            before,
            *(field.native for field in fields),
            self.more_button,
            *(field.native for field in folded),
            after,
        )

    def _lay_out(self) -> None:
        form, self._more = QFormLayout(), QWidget(self)
        form.addRow("&Method", self.method.native)
        form.addRow("T&ime", self.minutes.native)
        form.addRow("&Name", self.name.native)
        more = QFormLayout(self._more)
        more.setContentsMargins(0, 0, 0, 0)
        more.addRow("Structure&s", self.names.native)
        more.addRow("Start &from", self.start.native)
        more.addRow("&Learning rate", self.rate.native)
        more.addRow("&Device", self.device.native)
        for each in (form, more):
            each.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
            each.setSpacing(4)
        fill(self, form, self.more_button, self._more)
        self._show_more(False)

    def _show_more(self, shown: bool) -> None:
        self.more_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more_button.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        self._more.setVisible(shown)
