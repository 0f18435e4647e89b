"""``napari-udt evaluate`` from files to files, with tiny models."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from model_specs import hsi_spec, pat_spec, stir

from napari_udt.cli import main
from napari_udt.dataset import load_dataset
from napari_udt.errors import EvaluationError
from napari_udt.evaluation.judgement import read_judgement
from napari_udt.evaluation.transferring import with_training_noise
from napari_udt.evaluation.untrained import BASELINES, default_baselines
from napari_udt.models.build import build_network
from napari_udt.models.model import TransferModel
from napari_udt.models.store import save_model
from napari_udt.training.card_page import page_and_details

TARGET = "Target: digital device"


@pytest.fixture
def model_folder(tmp_path):
    def make(spec):
        torch.manual_seed(0)
        folder = tmp_path / spec.name
        save_model(TransferModel(spec, stir(build_network(spec), 0.05)), folder)
        return folder

    return make


@pytest.fixture
def tables(tmp_path):
    """Made-up tables of the substances and arteries that an evaluation asks for."""
    folder = tmp_path / "tables"
    folder.mkdir()
    nm = np.arange(450, 1001, 10)
    rows = [f"{w},{100 + 50 * np.sin(w / 25)},{100 + 50 * np.cos(w / 40)}" for w in nm]
    head = "wavelength_nm,oxyhemoglobin_per_cm,deoxyhemoglobin_per_cm"
    (folder / "absorption_coefficients.csv").write_text("\n".join([head, *rows]))
    (folder / "pat_radial_artery_msot.csv").write_text(
        "subject,scan,700,750,800,900\nS1,1,1,2,3,0\nS2,1,1.1,2,2.8,0\nS3,1,0.8,2,3.1,0\n"
    )
    return folder


pytestmark = pytest.mark.usefixtures("few_trees")


def evaluate(files, output, *words):
    parts = zip(("--simulated", "--second-train", "--second-test"), files, strict=True)
    given = [str(word) for pair in parts for word in pair]
    settings = ["--seeds", "2", "--per-class", "15", "-o", str(output)]
    return main(["evaluate", *given, *settings, *map(str, words)])


def test_spectra_from_files_to_tables(three_files, model_folder, tables, tmp_path, capsys):
    output = tmp_path / "result.json"
    words = ("--model", model_folder(hsi_spec()), "--tables", tables, "--baselines", "moments")
    assert evaluate(three_files(), output, *words) == 0
    result = json.loads(output.read_text(), parse_constant=pytest.fail)
    rows = {row["name"]: row for row in result["rows"]}
    assert list(rows) == [TARGET, "Simulated", "Matched moments", "small-hsi"]
    assert rows["small-hsi"]["paper_row"] == "cINN_DY"
    assert len(rows["Simulated"]["downstream"]["per_seed"]) == 2
    assert rows[TARGET]["downstream"]["mean"]["balanced_accuracy"] > 0.9
    assert rows[TARGET]["recognised"] == rows[TARGET]["downstream"]
    assert {d["class_name"] for d in rows["Simulated"]["hsi"]["to_second"]} == {"fat", "liver", "skin"}
    distances = {name: max(d["relative_rms"] for d in row["hsi"]["to_second"]) for name, row in rows.items()}
    assert distances["Matched moments"] < 0.3 * distances["Simulated"]
    assert len(rows["small-hsi"]["hsi"]["oxygenation"]) == 3  # the other windows hold too few wavelengths
    assert rows["small-hsi"]["network"]["round_trip"]["second"] < 1e-4
    assert {entry["class_name"] for entry in rows["Simulated"]["hsi"]["realism"]["classes"]} == {
        "fat",
        "liver",
        "skin",
    }
    assert result["data"]["second_test"]["seed"] == 2
    assert result["settings"] == {"seeds": [0, 1], "per_class": 15, "bootstrap_seed": 0}
    assert result["paper_table_1"]["cINN_DY"]["f1"] == 0.24
    text = (tmp_path / "result.md").read_text()
    assert text in capsys.readouterr().out
    for heading in ("Table 1", "Gain over Simulated", "Labels kept", "Oxygenation kept", "Round trip"):
        assert f"## {heading}" in text
    assert "nan" not in text


def test_images_from_files_to_tables(three_files, model_folder, tables, tmp_path):
    output = tmp_path / "result.json"
    assert (
        evaluate(three_files("PAT", 6), output, "--model", model_folder(pat_spec()), "--tables", tables) == 0
    )
    rows = {row["name"]: row for row in json.loads(output.read_text())["rows"]}
    baselines = [BASELINES[name].title for name in default_baselines("PAT")]
    assert list(rows) == [TARGET, "Simulated", *baselines, "small-pat"]
    for row in (*baselines, "small-pat"):
        assert 0 <= rows[row]["pat"]["realism"]["recovery"]["mean"] <= 1
        assert len(rows[row]["pat"]["realism"]["gaps"]) == 3
    assert (
        rows[TARGET]["pat"]["realism"]["recovery"]["mean"] > 0.8
    )  # learnt from other pictures of the target
    assert rows[TARGET]["downstream"]["mean"]["balanced_accuracy"] > 0.9
    assert rows["Simulated"]["pat"]["arteries"]["wavelengths_nm"] == [700, 750, 800]
    assert rows["small-pat"]["pat"]["oxygenation"]["overall"]["before"] > 0.8
    assert rows["Simulated"]["pat"]["texture"]["sharpness_per_pixel"] > 0.2
    assert "Artery spectra" in (tmp_path / "result.md").read_text()


def test_a_model_that_adds_noise_has_a_row_with_the_noise_alone_beside_it(
    three_files, model_folder, tables, tmp_path
):
    output = tmp_path / "result.json"
    model = model_folder(replace(pat_spec(), input_noise=0.3))
    words = ("--model", model, "--tables", tables, "--baselines", "none")
    assert evaluate(three_files("PAT", 6), output, *words) == 0
    rows = {row["name"]: row for row in json.loads(output.read_text())["rows"]}
    assert list(rows) == [TARGET, "Simulated", "Simulated with noise", "small-pat"]


def test_that_row_bears_the_models_noise_and_nothing_else(three_files):
    samples = load_dataset(three_files("PAT", 6)[0]).samples
    spec = replace(pat_spec(), input_noise=0.3)
    model = TransferModel(spec, build_network(spec))
    moved = with_training_noise(model, samples)
    noise = model.normalise(moved, "simulated") - model.normalise(samples, "simulated")
    assert noise.std() == pytest.approx(0.3, rel=0.05)
    assert abs(noise.mean()) < 0.02


def test_without_tables_the_fits_of_the_package_serve(three_files, tmp_path, capsys):
    assert evaluate(three_files(), tmp_path / "r.json", "--baselines", "moments", "--seeds", "1") == 0
    assert "Absorption and measured statistics: fits of the package." in capsys.readouterr().out
    assert "Oxygenation" in (tmp_path / "r.md").read_text()


def test_results_that_exist_are_kept(three_files, tmp_path, capsys):
    (tmp_path / "r.md").write_text("mine")
    assert evaluate(three_files(), tmp_path / "r.json") == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (tmp_path / "r.md").read_text() == "mine"


def test_shared_seeds_are_refused_in_one_sentence(data_file, tmp_path, capsys):
    second = data_file(domain="second")
    assert evaluate((data_file(), second, second), tmp_path / "r.json") == 2
    assert "share their file" in capsys.readouterr().err
    assert not list(tmp_path.glob("r.*"))


def test_an_unknown_baseline_is_refused(three_files, tmp_path):
    with pytest.raises(SystemExit):
        evaluate(three_files(), tmp_path / "r.json", "--baselines", "magic")


def test_the_measures_come_without_torch_scipy_scikit_learn_and_qt():
    heavy = "{'torch', 'scipy', 'sklearn', 'qtpy', 'napari'}"
    modules = "run, class_spectra, oxygenation, downstream, vessels, texture, latent, results_file"
    imports = f"import napari_udt.cli.evaluate; from napari_udt.evaluation import {modules}"
    code = f"import sys; {imports}; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_cards_get_the_numbers_of_their_model_once(three_files, model_folder, tables, tmp_path, capsys):
    folder = model_folder(hsi_spec())
    card = folder / "CARD.md"
    card.write_text("# A model\n\nWords.\n")
    words = ("--model", folder, "--baselines", "moments", "--cards", "--overwrite", "--tables", tables)
    for _ in range(2):
        assert evaluate(three_files(), tmp_path / "result.json", *words) == 0
    text = card.read_text()
    page, details = page_and_details(text)
    assert details == "# A model\n\nWords."
    assert page.count("## Ten numbers") == 1
    assert "| on untouched data | the target's own | simulated | Matched moments | this model |" in page
    found = read_judgement(folder)
    assert len(found.numbers) == 10
    assert found.baseline == "Matched moments"
    for number in found.numbers:
        assert f"| **{number.text(number.model)}** |" in page
    rows = {row["name"]: row for row in json.loads((tmp_path / "result.json").read_text())["rows"]}
    best = rows["Matched moments"]["downstream"]["mean"]["balanced_accuracy"]
    assert found.numbers[5].baseline.value == best
    assert found.numbers[5].is_worse == ("a classifier trained on it" in page)
    assert found.calibration is None  # too few wavelengths
    assert "predicts their error is not known" in page
    assert read_judgement(folder, "other weights") is None


def test_a_damaged_judgement_is_named(tmp_path):
    (tmp_path / "judged.json").write_text('{"weights_sha256": ""}')
    with pytest.raises(EvaluationError, match=r"judged\.json: not a judgement"):
        read_judgement(tmp_path)
    assert read_judgement(tmp_path / "nowhere") is None


def test_a_model_without_a_card_is_named(three_files, model_folder, tmp_path, capsys):
    folder = model_folder(hsi_spec())
    (folder / "CARD.md").unlink()
    words = ("--model", folder, "--baselines", "none", "--cards")
    assert evaluate(three_files(), tmp_path / "result.json", *words) == 2
    assert "CARD.md: there is no card" in capsys.readouterr().err


@pytest.mark.parametrize("modality", ["HSI", "PAT"])
def test_added_and_cleaned_spectra(modality, three_files, tmp_path):
    output, folder = tmp_path / "r.json", tmp_path / "cleaned"
    files = three_files(modality, 90 if modality == "HSI" else 6)
    words = ("--baselines", "moments,rescaled", "--augmentation", "--cleaned", folder, "--seeds", "1")
    assert evaluate(files, output, *words) == 0
    rows = {row["name"]: row for row in json.loads(output.read_text())["rows"]}
    assert [point["ratio"] for point in rows["Simulated"]["augmentation"]] == [0, 1, 2, 4, 8]
    assert rows[TARGET]["augmentation"] == []
    assert all(0 <= share <= 1 for share in rows["Matched moments"]["cleaned"]["kept"].values())
    assert rows["Simulated"]["cleaned"] is None
    text = output.with_suffix(".md").read_text()
    assert "## Few target spectra, with the row's added" in text
    assert "## Transfers after cleaning" in text
    source, kept = load_dataset(files[0]), load_dataset(folder / "matched_moments.h5")
    assert (kept.domain, kept.seed) == ("transferred", source.seed)
    assert "dropped" in kept.origin
    assert load_dataset(folder / "rescaled.h5").modality == modality
    if modality == "HSI":
        assert 0 < len(kept) <= len(source)
        assert kept.parameters["oxygenation"].shape == (len(kept), 3)
    else:
        assert kept.labels.shape == source.labels.shape
        assert np.all((kept.labels == source.labels) | (kept.labels == -1))
        assert np.all(kept.labels[source.labels == 0] == -1)  # the medium is no class of the test
