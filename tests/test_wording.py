"""Numbers of things in words."""

from napari_udt.wording import counted


def test_one_is_singular_and_thousands_are_grouped():
    assert counted(1, "spectrum") == "1 spectrum"
    assert counted(0, "pixel") == "0 pixels"
    assert counted(1204, "spectrum") == "1,204 spectra"
    assert counted(307200, "spectrum", separator=" ") == "307 200 spectra"
