"""Session files and user settings of earlier versions open as they did."""

from __future__ import annotations

import shutil
from pathlib import Path

from napari.components import ViewerModel

from napari_udt import open_cube, save_cube
from napari_udt.viewer.compare.settings import CompareSettings
from napari_udt.viewer.context import context_of
from napari_udt.viewer.files.session_file import open_session
from napari_udt.viewer.population.choices import PopulationChoices
from napari_udt.viewer.population.open_population import OpenPopulation
from napari_udt.viewer.state.session import CurveId, Pin, PixelRef, Region
from napari_udt.viewer.state.settings import settings_from, user_settings_path, write_user_settings

SESSION = Path(__file__).with_name("earlier.udt-session.json")  # written before settings had types


def test_a_session_file_of_an_earlier_version_opens_whole(tmp_path, pat, transferred):
    save_cube(pat(), tmp_path / "arm.udt.h5")
    save_cube(transferred(open_cube(tmp_path / "arm.udt.h5")), tmp_path / "old.udt.h5")
    path = Path(shutil.copy(SESSION, tmp_path))
    viewer = ViewerModel()
    context = context_of(viewer)
    session, changes = context.session, []
    session.cubes_changed.connect(changes.append)
    assert open_session(session, path) == []
    assert [[entry.key for entry in change.added] for change in changes] == [["arm", "arm → real"]]
    assert [entry.role for entry in session] == ["simulated", "transferred"]
    assert session.pins == (
        Pin(1, PixelRef("arm", 9, 15), "#E69F00", "left vein"),
        Pin(3, PixelRef("arm → real", 17, 33), "#009E73"),
    )
    assert session.regions == (Region(4, "arm", "ellipse", ((1, 1), (1, 9), (8, 9), (8, 1)), "#E69F00"),)
    options = session.options
    assert (options.normalisation, options.structures, options.window) == ("wavelength", ("vein",), 3)
    assert (options.band_nm, options.reference) == ((750.0, 800.0), CurveId("arm", pin=1))
    assert (options.live, options.explore, options.explore_domain) == (False, True, 0.4)
    assert session.wavelength_nm == 760.0
    assert context.side_by_side.chosen == ("arm", "arm → real")
    assert (context.pair_view.mode, context.pair_view.pair) == ("swipe", ("arm → real", "arm"))
    assert context.pair_view.divider == 0.25
    assert settings_from(CompareSettings, session.settings["compare"]) == CompareSettings(
        "own", "relative", 3.0
    )
    population = OpenPopulation(session)
    assert population.choices == PopulationChoices("", "vein", "l1", ("arm",))
    assert population.settings_of("pictures") == {"wavelength_nm": 730.0}
    assert session.settings["transfer"]["model"] == "pat_cinn_dy"


def test_user_settings_of_an_earlier_version_hold_and_are_kept_beside_new_ones():
    user_settings_path().write_text(
        '{"live": false, "live_band": true, "explore": true, "explore_class": null, "explore_domain": 0.4}'
    )
    viewers = [ViewerModel(), ViewerModel()]
    options = context_of(viewers[0]).session.options
    assert (options.live, options.live_band, options.explore_domain) == (False, True, 0.4)
    write_user_settings(compare={"scale": "own"})
    options = context_of(viewers[1]).session.options
    assert (options.live, options.live_band, options.explore_domain) == (False, True, 0.4)
