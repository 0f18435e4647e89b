"""The spin box of the wavelength on napari's slider."""

from __future__ import annotations

import numpy as np

from napari_udt.viewer.qt.wavelength_field import WavelengthField
from napari_udt.viewer.state.session import Session


def test_a_bad_band_says_so(qtbot, pat):
    session, plain = Session(), pat()
    session.add(plain)
    field = WavelengthField(session)
    qtbot.addWidget(field)
    session.set_wavelength(750.0)
    assert field.text() == "750.0 nm"
    session.add(plain.with_(bad_bands=np.abs(plain.wavelengths_nm - 750) < 1), "a<b")
    assert field.text() == "750.0 nm, bad"
    assert (
        "bad band in a\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}b: the picture shows its values; curves"
        in field.toolTip()
    )
    field.setValue(760.0)
    assert field.text() == "760.0 nm"
    assert "bad" not in field.toolTip()


def test_wavelengths_are_typed_without_the_mark(qtbot, pat):
    session, plain = Session(), pat()
    session.add(plain.with_(bad_bands=plain.wavelengths_nm < 725))
    field = WavelengthField(session)
    qtbot.addWidget(field)
    session.set_wavelength(700.0)
    field.selectAll()
    field.lineEdit().clear()
    qtbot.keyClicks(field, "800\r")
    assert session.wavelength_nm == 800.0
    assert field.text() == "800.0 nm"
