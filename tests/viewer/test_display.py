import pytest

from napari_udt.errors import UdtError
from napari_udt.viewer import display


def test_a_display_is_named_by_x11_or_wayland(monkeypatch):
    monkeypatch.setattr(display.sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not display.has_display()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert display.has_display()


def test_without_a_virtual_display_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setattr(display.shutil, "which", lambda name: None)
    with pytest.raises(UdtError, match="xvfb"):
        display.run_on_virtual_display(["demo"])


def test_the_command_runs_again_on_a_virtual_display(monkeypatch, tmp_path):
    runner = tmp_path / "xvfb-run"
    runner.write_text('#!/bin/sh\nprintf "%s " "$QT_QPA_PLATFORM" "$@" > "$0.words"\nexit 3\n')
    runner.chmod(0o755)
    monkeypatch.setattr(display.shutil, "which", lambda name: str(runner))
    assert display.run_on_virtual_display(["demo", "--headless"]) == 3
    words = (tmp_path / "xvfb-run.words").read_text()
    assert words.startswith("xcb ")
    assert words.endswith("-m napari_udt demo --headless ")
