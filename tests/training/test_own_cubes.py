"""Training from cubes as users have them: files of several formats, with names and wavelengths of their own."""

import argparse
import signal

import numpy as np
import pytest
from own_cubes import HSI_NM, PAT_NM, write_envi, write_patato_file, write_simpa_file, write_tivita

from napari_udt.cli.train import INTERRUPTED, add_arguments, run
from napari_udt.collection import gather, save_collection
from napari_udt.collection.inspecting import Rules
from napari_udt.collection.preprocessing import Step
from napari_udt.cube import SpectralCube
from napari_udt.dataset import load_dataset
from napari_udt.errors import CollectionError, TrainingError
from napari_udt.evaluation.judgement import read_judgement
from napari_udt.inference import transfer
from napari_udt.io import open_cube, save_cube
from napari_udt.models import list_models, load_model
from napari_udt.spectral.spectra import normalise
from napari_udt.training.estimate import Estimate
from napari_udt.training.findings import reached_lines
from napari_udt.training.progress import read_log
from napari_udt.training.trainer import Trainer

HSI = """
name = "small"
title = "Small"
modality = "HSI"
[data]
simulated = "nowhere.h5"
second = "nowhere.h5"
noise = 0.02
[condition]
on = "class"
second_labels = "given"
[architecture]
class_transport = true
blocks = 2
conditional_blocks = 2
width = 16
[terms]
content_weight = 0.1
moments_weight = 0.03
[discriminator]
width = 16
[optimisation]
steps = 12
batch_size = 64
learning_rate = 5e-4
evaluate_every = 6
held_out_samples = 64
gan_weight = 0.05
"""
PAT = """
name = "small"
title = "Small"
modality = "PAT"
[data]
simulated = "nowhere.h5"
second = "nowhere.h5"
noise = 0.03
crop = [128, 64]
flips = true
intensity = "asinh"
[condition]
on = "class"
second_labels = "given"
[architecture]
scales = [
    { blocks = 2, width = 12, kernels = [3, 1, 3] },
    { blocks = 2, width = 12, kernels = [3, 1, 3] },
    { blocks = 1, width = 12, kernels = [3, 1, 3] },
]
[terms]
moments_weight = 0.5
moments_memory = 0.9
[discriminator]
width = 4
[optimisation]
steps = 90
batch_size = 2
learning_rate = 1e-2
evaluate_every = 45
held_out_samples = 4
gan_weight = 1e-5
"""


@pytest.fixture(autouse=True)
def _own_models(tmp_path, monkeypatch, few_trees):
    monkeypatch.setenv("NAPARI_UDT_MODELS", str(tmp_path / "models"))


@pytest.fixture
def trained(tmp_path):
    """Train by the command line and return the exit status; the model lies in ``mine``."""

    def make(text, simulated, target, *words):
        (tmp_path / "small.toml").write_text(text)
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        given = [
            tmp_path / "small.toml",
            "-o",
            tmp_path / "mine",
            "--simulated",
            *simulated,
            "--target",
            *target,
        ]
        return run(parser.parse_args([str(word) for word in (*given, *words)]))

    return make


@pytest.fixture
def hsi(tmp_path):
    """Three simulated ENVI cubes, and a collection of three recordings of a camera with other wavelengths."""
    for i in range(3):
        write_envi(tmp_path / "sim" / f"s{i}.hdr", i)
        write_tivita(tmp_path / "real" / f"P{i}" / f"2021_0{i}", 10 + i, names=("liver", "skin"))
    rules = Rules(wavelengths=tuple(HSI_NM), structures={"liver": "Leber", "skin": "Haut"})
    collection, _ = gather([tmp_path / "real"], rules)
    save_collection(collection, tmp_path / "real.udt-collection.toml")
    return [tmp_path / "sim"], [tmp_path / "real.udt-collection.toml"]


def distances(sources, targets, model, classes):
    """Distance of L2-normalised class means from the target's before and after a transfer, by class."""

    def mean(cubes, name):
        spectra = [
            np.asarray(cube.data)[cube.labels == number]
            for cube in cubes
            for number, own in cube.present_labels.items()
            if classes.get(own, own) == name
        ]
        return normalise(np.concatenate(spectra), "l2").mean(axis=0)

    moved = [transfer(cube, model, device="cpu") for cube in sources]
    return {
        name: tuple(
            float(np.linalg.norm(mean(cubes, name) - mean(targets, name))) for cubes in (sources, moved)
        )
        for name in dict.fromkeys(classes.values())
    }


def test_envi_and_camera_cubes_train_a_model_that_is_listed_and_brings_classes_nearer(
    hsi, trained, tmp_path, capsys
):
    assert trained(HSI, *hsi) == 0
    said = capsys.readouterr().out
    assert "simulated: 3 cubes of 3 subjects (simulated)" in said
    assert "target: 3 cubes of 3 subjects (measured)" in said
    assert "wavelengths: 31, 500-800 nm" in said
    assert "12 steps: about" in said
    assert "mine: listed among the models" in said
    spec = next(spec for spec in list_models() if spec.name == "mine")
    assert (spec.class_names, spec.target) == (("Leber", "Haut"), "measured")
    assert "no measured images" not in spec.card
    assert "own cubes (3 of 3 subjects)" in spec.card
    sources = [open_cube(path) for path in sorted((tmp_path / "sim").glob("s?.hdr"))]
    targets = [
        open_cube(path, wavelengths_nm=HSI_NM) for path in sorted((tmp_path / "real").rglob("*_SpecCube.dat"))
    ]
    names = {"liver": "Leber", "skin": "Haut", "Leber": "Leber", "Haut": "Haut"}
    for before, after in distances(sources, targets, load_model("mine"), names).values():
        assert after < before / 3


def test_simpa_and_patato_files_of_five_wavelengths_bring_classes_nearer(trained, tmp_path, capsys):
    for i in range(6):
        write_simpa_file(tmp_path / f"v{i}.hdf5", i)
        write_patato_file(tmp_path / f"m{i}.hdf5", 20 + i)
    simulated, target = sorted(tmp_path.glob("v*")), sorted(tmp_path.glob("m*"))
    names = ["--map", "fatty=fat", "--map", "muscular=muscle"]
    assert trained(PAT, simulated, target, *names) == 0
    said = capsys.readouterr().out
    assert "pixels are 0.5 to 0.645 mm high" in said
    spec = next(spec for spec in list_models() if spec.name == "mine")
    assert spec.wavelengths_nm == tuple(PAT_NM)
    assert set(spec.class_names) == {"fat", "muscle"}
    model = load_model("mine")
    classes = {"fatty": "fat", "muscular": "muscle", "fat": "fat", "muscle": "muscle"}
    found = distances([open_cube(p) for p in simulated], [open_cube(p) for p in target], model, classes)
    for before, after in found.values():
        assert after < 0.8 * before


def test_without_labels_of_the_target_proxies_stand_in(hsi, trained, tmp_path, capsys):
    bare = []
    for i in range(2):
        cube = open_cube(write_envi(tmp_path / f"bare{i}.hdr", 30 + i, target=True)).with_(labels=None)
        save_cube(cube, tmp_path / f"bare{i}.h5")
        bare.append(tmp_path / f"bare{i}.h5")
    assert trained(HSI.replace("learning", 'choose_by = "realism"\nlearning'), hsi[0], bare) == 0
    said = capsys.readouterr().out
    assert "proxies stand in for its classes" in said
    assert "weights are chosen by the likelihood" in said
    config = load_model("mine").spec.training["config"]
    assert config["condition"]["second_labels"] == "proxy"
    assert (load_dataset(tmp_path / "mine.run" / "target.h5").labels == -1).all()


def test_cubes_on_other_grids_are_brought_to_the_common_one(trained, tmp_path, capsys):
    write_envi(tmp_path / "a.hdr", 0, wavelengths_nm=np.linspace(480, 700, 45))
    write_envi(tmp_path / "b.hdr", 1, target=True, wavelengths_nm=np.linspace(520, 820, 31))
    assert trained(HSI, [tmp_path / "a.hdr"], [tmp_path / "b.hdr"]) == 0
    said = capsys.readouterr().out
    assert "wavelengths: 19, 520-700 nm" in said
    assert "simulated: 1 cube of 1 subject (simulated), 1 cube interpolated" in said
    assert "only one subject" in said


def with_table(paths, lines, path, **rules):
    """Write a collection of cubes with what a table says of them."""
    table = path.with_name("table.csv")
    table.write_text("\n".join(("file,subject,split", *lines)))
    save_collection(gather(paths, Rules(table=table, **rules))[0], path)
    return path


def test_test_subjects_are_judged_on_and_change_neither_training_nor_the_choice_of_weights(
    hsi, trained, tmp_path, capsys
):
    for i in (3, 4):
        write_envi(tmp_path / "sim" / f"s{i}.hdr", i)
    # s4 is for training, but shows the subject of the test
    subjects = ("s0.hdr,A,train", "s1.hdr,A,train", "s2.hdr,B,test", "s4.hdr,B,train")
    found = {}
    for seed in (2, 7):
        for old in (tmp_path / "sim").glob("s2*"):
            old.unlink()
        write_envi(tmp_path / "sim" / "s2.hdr", seed)
        simulated = with_table(
            hsi[0], [f"sim/{line}" for line in subjects], tmp_path / "sim.udt-collection.toml"
        )
        assert trained(HSI, [simulated], hsi[1], "--no-install") == 0
        said = capsys.readouterr().out
        assert "simulated: judged at the end on 1 cube of 1 subject for the test (B)" in said
        assert "left out: s4.hdr: B is kept for the test" in said
        dataset = load_dataset(tmp_path / "mine.run" / "simulated.h5")
        assert set(dataset.generator["files"]) == {"s0.hdr", "s1.hdr", "s3.hdr"}
        assert np.unique(dataset.parameters["animal"], return_counts=True)[1].tolist() == [960, 480]
        assert load_model(tmp_path / "mine").spec.training["data"]["simulated"]["held_out"] in (480, 960)
        found[seed] = read_judgement(tmp_path / "mine")
        assert found[seed].held_out == ("target",)
        assert "simulated: 480 samples of cubes for the test of 1 subject" in found[seed].data
        card = load_model(tmp_path / "mine").spec.card
        assert "on untouched simulated samples, and target ones that training held out |" in card
        assert "also chose the weights" in card
        for folder in ("mine", "mine.run"):
            (tmp_path / folder).rename(tmp_path / f"{folder}{seed}")
    assert found[2].weights_sha256 == found[7].weights_sha256
    assert found[2].numbers != found[7].numbers


def test_with_test_subjects_on_both_sides_no_held_out_sample_is_judged_on(hsi, trained, tmp_path, capsys):
    sides = [
        with_table(hsi[0], ["sim/s2.hdr,B,test"], tmp_path / "sim.udt-collection.toml"),
        with_table(
            [tmp_path / "real"],
            [f"{next((tmp_path / 'real' / 'P2').rglob('*_SpecCube.dat')).relative_to(tmp_path)},P2,test"],
            tmp_path / "real.udt-collection.toml",
            wavelengths=tuple(HSI_NM),
            structures={"liver": "Leber", "skin": "Haut"},
        ),
    ]
    assert trained(HSI, *[[side] for side in sides], "--no-install") == 0
    assert "untouched data, spectra distinguished from the target's" in capsys.readouterr().out
    assert read_judgement(tmp_path / "mine").held_out == ()
    card = load_model(tmp_path / "mine").spec.card
    assert "| on untouched data |" in card
    assert "also chose the weights" not in card
    assert "target: 480 samples of cubes for the test of 1 subject" in card


def test_what_is_doubtful_is_said(trained, tmp_path, capsys):
    labels = np.ones((20, 24), int)
    labels[0, 0], labels[1, :3] = 2, 0
    for name, target in (("a", False), ("b", True)):
        cube = open_cube(write_envi(tmp_path / name / "x.hdr", 5, target=target))
        names = {0: "unlabelled", 1: "Leber", 2: "Haut" if name == "a" else "Niere"}
        data = np.array(cube.data)
        data[5, 5] = np.nan
        save_cube(cube.with_(data=data, labels=labels, label_names=names), tmp_path / f"{name}.h5")
    save_cube(cube.with_(labels=np.zeros((20, 24), int), label_names={0: "unlabelled"}), tmp_path / "c.h5")
    assert trained(HSI, [tmp_path / "a.h5"], [tmp_path / "b.h5", tmp_path / "c.h5"]) == 0
    said = capsys.readouterr().out
    for words in (
        "1 spectrum with missing values or zeros left out",
        "in no target cube: Haut",
        "in no simulated cube, not used: Niere",
        "simulated: fewer than 200 spectra of Haut",
        "the commonest class is 475 times the rarest",
        "without labels, not used: c.h5",
    ):
        assert words in said


def test_collections_that_cannot_be_trained_on_get_one_sentence(hsi, trained, tmp_path):
    def refused(*sides, error=TrainingError, text=HSI):
        with pytest.raises(error) as caught:
            trained(text, *sides)
        assert len(str(caught.value).replace(str(tmp_path), "")) < 220
        assert not (tmp_path / "mine").exists()
        return str(caught.value)

    simulated, target = hsi
    assert (
        "cubes are HSI, the configuration is for PAT; take one for HSI, such as hsi_transport_dy"
        in refused(simulated, target, text=PAT)
    )
    write_simpa_file(tmp_path / "v.hdf5", 0)
    assert "The simulated cubes are HSI, the target cubes PAT; a model is trained on cubes of one" in refused(
        simulated, [tmp_path / "v.hdf5"]
    )
    assert "two modalities" in refused([*simulated, tmp_path / "v.hdf5"], target, error=CollectionError)
    assert "None of the target cubes can be used as such: they are simulated" in refused(simulated, simulated)
    far = write_envi(tmp_path / "far.hdr", 0, target=True, wavelengths_nm=np.linspace(900, 1000, 11))
    assert "No wavelength is common" in refused(simulated, [far], error=CollectionError)
    other = write_envi(tmp_path / "other.hdr", 0, target=True, names=("foie", "peau"))
    assert "No structure is in both domains: simulated Leber, Haut; target foie, peau" in refused(
        simulated, [other]
    )
    bare = open_cube(other).with_(domain="simulated", labels=None)
    save_cube(bare, tmp_path / "bare.h5")
    assert "No simulated cube names a structure" in refused([tmp_path / "bare.h5"], target)
    many = np.arange(1000).reshape(25, 40)
    cube = SpectralCube(np.ones((25, 40, 2)), [500, 800], "HSI", "simulated", many + 1)
    save_cube(cube, tmp_path / "many.h5")
    assert "1,000 structures (label 1, label 2" in refused([tmp_path / "many.h5"], target)
    empty = open_cube(other).with_(data=np.full((20, 24, 31), np.nan), label_names={1: "Leber", 2: "Haut"})
    save_cube(empty, tmp_path / "empty.h5")
    assert "The target cubes hold 0 usable spectra" in refused(
        simulated, [tmp_path / "empty.h5"], error=CollectionError
    )
    collection, _ = gather(simulated, Rules(preprocessing=[Step("snv")]))
    save_collection(collection, tmp_path / "snv.udt-collection.toml")
    assert "collection is preprocessed (snv)" in refused([tmp_path / "snv.udt-collection.toml"], target)
    assert "no such file or folder" in refused(simulated, [tmp_path / "gone"], error=CollectionError)


def test_a_broken_cube_is_named_and_the_rest_is_trained_on(hsi, trained, tmp_path, capsys):
    path = next((tmp_path / "real").rglob("*_SpecCube.dat"))
    path.write_bytes(path.read_bytes()[:-40])
    assert trained(HSI, *hsi) == 0
    said = capsys.readouterr().out
    assert "target: 2 cubes of 2 subjects" in said
    assert f"left out: {path.parent}" in said


def test_a_run_on_own_cubes_is_resumed_as_it_was_prepared(hsi, trained, tmp_path, capsys, monkeypatch):
    step = Trainer.step

    def pressed(self):
        losses = step(self)
        if self.steps_done == 7:
            signal.raise_signal(signal.SIGINT)
        return losses

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", pressed)
        assert trained(HSI, *hsi, "--no-install") == INTERRUPTED
    with pytest.raises(TrainingError, match="a run was begun here; go on with --resume"):
        trained(HSI, *hsi, "--no-install")
    with pytest.raises(TrainingError, match="leave --set and --from out"):
        trained(HSI, *hsi, "--no-install", "--resume", "--set", "seed=3")
    assert trained(HSI, *hsi, "--no-install", "--resume") == 0
    assert load_model(tmp_path / "mine").spec.training["steps"] == 12
    assert not (tmp_path / "models").exists()
    # ended between the last step and the list of models
    assert trained(HSI, *hsi, "--resume") == 0
    assert "mine" in {spec.name for spec in list_models()}


def test_a_check_says_what_is_found_and_leaves_nothing(hsi, trained, tmp_path, capsys):
    assert trained(HSI, *hsi, "--check") == 0
    said = capsys.readouterr().out
    assert "target: 3 cubes of 3 subjects (measured)" in said
    assert "12 steps: about" in said
    assert not list(tmp_path.glob("mine*"))


def test_minutes_decide_the_number_of_steps(hsi, trained, monkeypatch):
    # as measured on a machine that needs 0.2 s for a step
    cost = Estimate(step_s=0.2, evaluation_s=0.1, fit_s=0.0, memory_bytes=10**8)
    monkeypatch.setattr("napari_udt.training.preparation.estimate", lambda config, device: cost)
    with pytest.raises(TrainingError, match=r"are not enough for 20 steps; give \d"):
        trained(HSI, *hsi, "--minutes", "0.0001")
    assert trained(HSI, *hsi, "--minutes", "0.1") == 0
    assert 20 <= load_model("mine").spec.training["config"]["optimisation"]["steps"] <= 30


def test_a_stop_file_ends_the_run_with_the_best_weights_so_far(hsi, trained, tmp_path, monkeypatch):
    step = Trainer.step

    def stopping(self):
        if self.steps_done == 8:
            (tmp_path / "mine.run" / "stop").touch()
        return step(self)

    monkeypatch.setattr(Trainer, "step", stopping)
    assert trained(HSI, *hsi) == 0
    assert [row["step"] for row in read_log(tmp_path / "mine.run" / "log.csv")] == [6, 9]
    assert load_model("mine").spec.training["steps"] == 9


def test_a_name_that_is_taken_is_refused_before_anything_is_read(hsi, trained, tmp_path):
    assert trained(HSI, *hsi) == 0
    (tmp_path / "mine").rename(tmp_path / "first")
    with pytest.raises(TrainingError, match="a model named mine already; choose another folder name"):
        trained(HSI, *hsi)


def test_what_was_reached_names_classes_that_moved_away():
    rms = {"before": {"fat": 0.1, "skin": 0.02}, "after": {"fat": 0.01, "skin": 0.05}}
    first, second = reached_lines({"class_mean_relative_rms": rms})
    assert first.endswith("fat 10.0 -> 1.0 %, skin 2.0 -> 5.0 %")
    assert second == "moved away from the target: skin"
    assert reached_lines({"class_mean_relative_rms": {"before": {}, "after": {}}}) == []
