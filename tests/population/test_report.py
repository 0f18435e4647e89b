"""The report: one file that holds everything, whole or not at all."""

import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from napari_udt.errors import EvaluationError, TransferCancelled
from napari_udt.evaluation.downstream import Scores, SeededScores
from napari_udt.population.groups import Population
from napari_udt.population.measures import MeasureOptions, MeasureRow, MeasureTable, measure
from napari_udt.population.oxygenation import Oxygenations
from napari_udt.population.report import ReportOptions, write_report
from napari_udt.population.report.document import number
from napari_udt.population.report.drawing import Palette
from napari_udt.population.report.summary_page import summary_page
from napari_udt.population.saturation_moves import SaturationMove
from napari_udt.population.scenes import CallOut
from napari_udt.population.verdict import source_of

FAST = MeasureOptions(resamples=5, permutations=19, measures=("mae", "wasserstein", "mmd", "precision"))
ONE = ReportOptions(measures=FAST, structures=("liver",))
VOID = {"meta", "input", "br", "image", "link"}


class Page(HTMLParser):
    """Reads a page strictly: tags that close, ids that are unique."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.targets, self.headings, self.links = [], [], [], [], []
        self.captions, self.classes = 0, set()
        self.feed(text)
        assert not self.open

    def handle_startendtag(self, tag, attrs):
        self._attributes(tag, dict(attrs))

    def handle_starttag(self, tag, attrs):
        self._attributes(tag, dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("h1", "h2", "h3"):
            self.headings.append(data)

    def _attributes(self, tag, found):
        self.captions += tag == "figcaption"
        if "id" in found:
            self.ids.append(found["id"])
        for name in ("href", "xlink:href", "src"):
            if name in found:
                self.links.append(found[name])
        self.targets += re.findall(r"url\(#([^)]*)\)", " ".join(v or "" for v in found.values()))


def written(population, path, **options):
    downstream = options.pop("downstream", None)
    write_report(population, path, ReportOptions(measures=FAST, **options), downstream)
    return path.read_text("utf-8")


@pytest.fixture(scope="module")
def pat_page(make_population, tmp_path_factory):
    marks = (CallOut("simulated <PAT>", 12, 10, 8, "a & b"),)
    return written(make_population("PAT"), tmp_path_factory.mktemp("report") / "pat.html", call_outs=marks)


def test_a_page_has_all_sections_and_needs_nothing_else(pat_page):
    page = Page(pat_page)
    wanted = [
        "In short",
        "Data",
        "Pictures",
        "Structures",
        "Mean spectra",
        "Measures",
        "Spectra by depth",
        "Oxygen saturation",
    ]
    found = [h for h in page.headings if h in wanted]
    assert found == [*wanted[:2], "Data", *wanted[2:]]  # a sheet is called Data too
    assert len(page.ids) == len(set(page.ids))
    inner = [link for link in page.links if link.startswith("#")]
    assert {link[1:] for link in inner} | set(page.targets) <= set(page.ids)
    assert all(link.startswith("data:image/png") for link in page.links if link not in inner)
    assert "http://" not in re.sub(r'xmlns(:xlink)?="[^"]*"', "", pat_page)


def test_the_first_page_says_what_got_worse_and_what_is_missing(make_population, tmp_path):
    text = written(make_population("HSI"), tmp_path / "a.html")
    first = text[text.index("<h2>In short</h2>") : text.index("<h2>Data</h2>")]
    assert "What got worse:" in first or "No structure moved clearly away" in first
    assert "All " in first
    assert "Not in this report: the downstream test, which had not been run." in first
    assert "Ten numbers" in first
    assert "Reference:" in first
    assert first.count("<figure") == 2  # the chart and the pictures
    assert first.index("<figure") < first.index("<image") < first.index("Ten numbers")
    assert "<image" not in text[text.index("<h2>Pictures</h2>") : text.index("<h2>Structures</h2>")]


def test_the_saturation_is_told_structure_by_structure(pat_page):
    told = pat_page[pat_page.index("<h2>Oxygen saturation</h2>") :]
    assert re.search(r"<p>vein: median sO₂ \d+ % → \d+ %, simulated \d+ %: [^<]*; order of the pixels", told)


def test_the_first_page_lists_measures_and_orders_of_saturation_that_got_worse(make_population, monkeypatch):
    from napari_udt.population.report import summary_page as page

    population = make_population("HSI")
    (transferred,) = population.part("transferred")[:1]
    source = source_of(transferred, population)
    values = {"rmse": (0.1, 0.3), "bias": (-1.0, 4.0), "recall": (0.8, 0.2), "cohens_d": (3.0, 1.0)}
    rows = [
        MeasureRow("liver", g.name, g.origin, key, pair[i], np.nan, np.nan, 9, 9, "")
        for key, pair in values.items()
        for i, g in enumerate((source, transferred))
    ]
    table = MeasureTable(tuple(rows), population.reference.name, "measured", population.wavelengths_nm)
    fell = SaturationMove("liver", transferred, 0.5, 0.8, 0.4, 0.2, 0.4, 0.9, 0.95, 0.4, 99)
    kept = replace(fell, structure="colon", truth_rank_after=0.9)
    monkeypatch.setattr(page, "oxygenations", lambda *_: Oxygenations("all", (), (fell, kept)))
    text = summary_page(population, Palette(population), table).text
    (numbers,) = (line for line in text if line.startswith("What got worse, by measures: "))
    assert [name for name in ("RMSE", "Bias", "Recall", "Cohen") if name in numbers] == [
        "RMSE",
        "Bias",
        "Recall",
    ]
    (order,) = (line for line in text if line.startswith("What got worse, oxygenation: "))
    assert order.endswith("in liver 0.95 → 0.40.")


def test_a_level_has_ticks_without_powers_of_ten(make_population):
    from matplotlib.figure import Figure

    population = make_population("PAT")
    chart = summary_page(population, Palette(population), None).drawings[0]
    canvas = Figure(figsize=chart.size)
    chart.draw(canvas)
    canvas.draw_without_rendering()
    level = canvas.axes[1].xaxis
    labels = [label.get_text() for label in (*level.get_majorticklabels(), *level.get_minorticklabels())]
    assert [label for label in labels if label]
    assert all(float(label) > 0 for label in labels if label)


def test_paper_shows_the_provenance_at_the_end(pat_page):
    assert pat_page.index('id="provenance"') > pat_page.rindex("<h2>Oxygen")
    assert "beforeprint" in pat_page


def test_without_a_reference_the_first_page_says_so(make_population, tmp_path):
    population = make_population("HSI")
    alone = replace(population, groups=population.part("simulated"))
    text = written(alone, tmp_path / "a.html")
    assert "Open a real cube to compare with" in text[text.index("<h2>In short</h2>") :]


def test_labels_are_honest_and_names_are_escaped(pat_page):
    assert "Research use only" in pat_page
    assert "simulated &lt;PAT&gt;" in pat_page
    assert "<PAT>" not in pat_page
    assert "a &amp; b" in pat_page
    assert "digital device" in pat_page
    assert "similarity to source" in pat_page


def test_colours_follow_the_page(pat_page):
    drawings = pat_page[pat_page.index("<body>") :]
    assert "prefers-color-scheme: dark" in pat_page
    assert "var(--group-0)" in drawings
    assert "var(--ink)" in drawings
    for fixed in ("#911eb4", "#4363d8", "#3b3a39"):
        assert fixed not in drawings


def test_provenance_is_json_with_cubes_options_and_software(pat_page):
    found = json.loads(
        re.search(r"<pre>(.*?)</pre>", pat_page, re.DOTALL)[1]
        .replace("&quot;", '"')
        .replace("&lt;", "<")
        .replace("&gt;", ">")
    )
    assert [group["name"] for group in found["groups"]] == ["simulated <PAT>", "moved", "second <PAT>"]
    assert found["groups"][1]["cube"]["provenance"]["model"]["name"] == "toy"
    assert found["measures"]["options"]["resamples"] == 5
    assert "numpy" in found["software"]


def test_cells_sort_by_their_numbers(pat_page):
    values = [float(v) for v in re.findall(r'data-value="([^"]*)"', pat_page)]
    assert len(values) > 50
    assert all(np.isfinite(values))


def test_a_hyperspectral_page_zooms_and_has_no_depth(make_population, tmp_path):
    text = written(make_population("HSI"), tmp_path / "r.html", structures=("liver",))
    page = Page(text)
    assert "above 900 nm" in text
    assert "Spectra by depth" not in page.headings
    assert text.count("Fig. 5 of the paper") == 2  # one structure: caption and label


def result():
    scores = SeededScores((Scores(0.7, 0.8, 0.75), Scores(0.72, 0.82, 0.77)))

    class Row:
        def __init__(self, name):
            self.name, self.origin, self.scores = name, "simulated", scores
            self.shares = np.array([[0.9, 0.1], [0.4, 0.6]])

    class Result:
        def __init__(self):
            self.classes, self.split, self.notes = ("vein", "artery"), "Split by blocks.", ("few",)
            self.paper_table = {"Real": Scores(0.75, 0.84, 0.82)}
            self.rows = [Row("row 0"), Row("row 1")]

    return Result()


def test_the_papers_values_stand_apart_from_ours(make_population, tmp_path):
    text = written(make_population("PAT"), tmp_path / "r.html", downstream=result(), structures=("vein",))
    ours, theirs = text.index("<h3>Computed here</h3>"), text.index("<h3>Paper&#x27;s values</h3>")
    assert ours < text.index("0.710", ours) < theirs
    assert "± 0.014 over seeds" in text
    assert theirs < text.index("not computed here")
    assert "Confusion matrices" in text


def test_what_is_computed_already_is_not_computed_again(make_population, tmp_path, monkeypatch):
    population = make_population("HSI")
    table = measure(population, replace(FAST, measures=("mae",)))
    monkeypatch.setattr(
        "napari_udt.population.report.write.measure", lambda *a: pytest.fail("computed again")
    )
    text = written(population, tmp_path / "r.html", table=table, structures=("liver",))
    assert number(table.rows[0].value) in text


def test_populations_without_real_or_labels_or_pictures_have_reports_too(make_population, tmp_path):
    whole = make_population("HSI")
    alone = Population("HSI", whole.wavelengths_nm, whole.class_names, whole.groups[:1])
    assert "There is no reference" in written(alone, tmp_path / "a.html", structures=("liver",))
    bare = tuple(replace(g, labels=np.full(len(g), -1), cube=None, places=None) for g in whole.groups)
    text = written(Population("HSI", whole.wavelengths_nm, (), bare), tmp_path / "b.html")
    assert "all spectra" in text
    assert "Fig. 4" not in text


def test_a_cancelled_report_leaves_the_old_one(make_population, tmp_path):
    path = tmp_path / "r.html"
    path.write_text("old")

    def cancel(done, total):
        if done > 80:
            raise TransferCancelled

    with pytest.raises(TransferCancelled):
        write_report(make_population("HSI"), path, ONE, progress=cancel)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_progress_never_goes_back(make_population, tmp_path):
    steps = []
    write_report(
        make_population("HSI"),
        tmp_path / "r.html",
        ReportOptions(measures=FAST),
        progress=lambda *step: steps.append(step),
    )
    assert [step[0] for step in steps] == sorted(step[0] for step in steps)
    assert steps[-1] == (100, 100)


def test_other_endings_and_a_missing_matplotlib_get_a_sentence(make_population, tmp_path, monkeypatch):
    with pytest.raises(EvaluationError, match="print it to PDF from a browser"):
        write_report(make_population("HSI"), tmp_path / "r.pdf")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(EvaluationError, match=r"napari-udt\[report\]"):
        write_report(make_population("HSI"), tmp_path / "r.html")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.012345, "0.0123"), (-17.25, "−17.2"), (0, "0"), (1e-16, "0"), (19200, "19,200"), (1234.5, "1,234"), (2, "2"),
     (float("nan"), "–"), (None, "–"), (3.2e-5, "3.2e−05"), (-53135.18, "−53,135"), (2.5e7, "2.5e+07")],
)  # fmt: skip
def test_numbers_are_short(value, text):
    assert number(value) == text


def test_importing_the_report_needs_no_plotting_library():
    import subprocess

    code = "import sys, napari_udt.population.report; print([m for m in ('matplotlib', 'torch', 'qtpy', 'scipy', 'sklearn') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
