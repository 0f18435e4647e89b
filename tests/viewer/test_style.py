import itertools

import pytest
from spectra_scene import real, simulated, transferred

from napari_udt import list_models
from napari_udt.viewer.style import (
    METHODS,
    REAL,
    SIMULATED,
    THEMES,
    contrast_ratio,
    line_style,
    method_title,
    model_style,
    model_title,
    readable,
    theme,
    theme_on,
    varied,
)


def test_domains_have_the_papers_colours_and_styles_of_their_own():
    styles = [
        line_style("real", real()),
        line_style("simulated", simulated()),
        line_style("transferred", transferred()),
        line_style("transferred", transferred(provenance={"model": {"kind": "UNIT"}})),
        line_style("transferred", transferred(provenance={"model": {"kind": "baseline"}})),
        line_style("none", simulated()),
    ]
    assert [style.colour for style in styles[:4]] == ["#4363d8", "#911eb4", "#00CC96", "#e6194B"]
    assert len({(style.colour, style.dash) for style in styles}) == 6
    assert REAL.dash == METHODS["cinn"].dash == ()
    assert SIMULATED.dash


def test_a_method_is_named_only_where_provenance_names_it():
    assert method_title(transferred()) == "light"
    assert method_title(transferred(provenance={"model": {"kind": "cinn"}})) == "cINN"
    assert method_title(transferred(provenance={"model": {"kind": "cinn", "name": "pat_cinn_d"}})) == "cINN_D"
    assert method_title(transferred(provenance={"model": {"kind": "new"}})) == "new"
    assert method_title(transferred(provenance={})) == ""
    baseline = {"model": {"kind": "baseline", "name": "baseline: moments"}}
    assert method_title(transferred(provenance=baseline)) == "moments baseline"


def test_methods_differ_in_colour_and_dash():
    styles = METHODS.values()
    assert len({style.colour for style in styles}) == len({style.dash for style in styles}) == len(styles)


@pytest.mark.parametrize("modality", ["hsi", "pat"])
def test_the_rows_of_table_1_differ_in_colour_and_in_dash_and_the_paper_s_keep_theirs(modality):
    rows = ["cinn_dy", "cinn_dy_without_gan", "cinn_d", "unit", "unit_y", "cyclegan"]
    styles = [model_style(f"{modality}_{row}", row.partition("_")[0]) for row in rows]
    assert len({style.colour for style in styles}) == len({style.dash for style in styles}) == len(rows)
    assert (styles[0].colour, styles[3].colour) == ("#00CC96", "#e6194B")
    assert all(contrast_ratio(readable(s.colour, "#ffffff"), "#ffffff") >= 3 for s in styles)
    assert [model_title(f"{modality}_{row}") for row in rows] == [style.word for style in styles]


@pytest.mark.parametrize("modality", ["HSI", "PAT"])
def test_all_bundled_models_of_a_modality_look_different(modality):
    specs = [spec for spec in list_models() if spec.modality == modality]
    assert len({model_style(spec.name, spec.kind).look for spec in specs}) == len(specs) >= 6
    assert len({model_title(spec.name, spec.kind) for spec in specs}) == len(specs)


def test_models_of_one_style_get_dashes_of_their_own():
    style = model_style("mine", "unit")
    assert style == METHODS["unit"] == varied(style, 0)
    assert len({varied(style, turn).dash for turn in range(5)}) == 5


def test_a_method_without_provenance_is_taken_for_the_cinn():
    assert line_style("transferred", transferred(provenance={})) == METHODS["cinn"]


@pytest.mark.parametrize(("style", "name"), itertools.product([REAL, SIMULATED, *METHODS.values()], THEMES))
def test_every_curve_can_be_seen_in_every_theme(style, name):
    assert contrast_ratio(readable(style.colour, theme(name).background), theme(name).background) >= 3


def test_a_colour_that_can_be_seen_stays_as_it_is():
    assert readable("#911eb4", "#ffffff") == "#911eb4"
    assert readable("#00CC96", theme("dark").background) == "#00CC96"


def test_contrast_is_wcags():
    assert contrast_ratio("#000000", "#ffffff") == pytest.approx(21)
    assert contrast_ratio("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_a_window_tells_its_theme_by_its_colour():
    assert [theme_on(c) for c in ("#23242b", "#000000", "#ebe7e6", "#ffffff")] == [
        "dark",
        "dark",
        "light",
        "light",
    ]


def test_themes_of_other_names_are_taken_for_dark():
    assert theme("My light one") == THEMES["light"]
    assert theme("system") == THEMES["dark"]
