"""A reader study on the command line: from the cubes of a collection to the agreement of readers."""

import csv

import numpy as np
from own_cubes import write_envi

from napari_udt.cli.parser import main
from napari_udt.population.reader_study.reading import Reading
from napari_udt.population.reader_study.reading_file import save_answers
from napari_udt.population.reader_study.stimuli import right_answer
from napari_udt.population.reader_study.study_file import load_study


def read_by(study, name, folder, share_right=1.0):
    """Write the answers of a reader who errs at random."""
    rng, reading = np.random.default_rng(len(name)), Reading(study, name)
    while reading.question is not None:
        right = right_answer(study.design, study.truths[reading.question.number - 1])
        reading.answer(right if rng.random() < share_right else str(rng.choice(study.design.answers)))
    path = folder / f"{name}.udt-reading.json"
    save_answers(reading.reveal(), path)
    return str(path)


def test_a_study_of_a_collections_pictures_is_made_read_and_joined(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("NAPARI_UDT_CACHE", str(tmp_path / "cache"))
    shape = (50, 60)
    for i in range(6):
        write_envi(tmp_path / "r" / f"r{i}.hdr", i, target=True, names=("liver", "skin"), shape=shape)
        write_envi(
            tmp_path / "t" / f"t{i}.hdr", 9 + i, domain="transferred", names=("liver", "skin"), shape=shape
        )
    made = tmp_path / "s.udt-study.npz"
    command = ["study", "make", str(tmp_path / "r"), str(tmp_path / "t"), "-o", str(made)]
    words = ["--task", "structure", "--kind", "pictures", "--questions", "24", "--nm", "650"]
    assert main([*command, *words]) == 0
    assert main([*command, *words]) == 2
    assert "the file exists" in capsys.readouterr().err
    study = load_study(made)
    assert study.design.classes == ("liver", "skin")
    assert len({truth.image for truth in study.truths}) == 12  # every picture takes part
    files = [
        read_by(study, name, tmp_path, share) for name, share in (("Ann", 1), ("Ben", 0.9), ("Cyd", 0.8))
    ]
    broken = tmp_path / "broken.udt-reading.json"
    broken.write_text("[]")
    table, picture = tmp_path / "t.csv", tmp_path / "p.svg"
    command = ["study", "join", *files, str(broken), "-o", str(table), "--picture", str(picture)]
    assert main(command) == 3
    said = capsys.readouterr()
    assert "kappa (Fleiss), all readers: 0." in said.out
    assert "broken.udt-reading.json has no answers" in said.err
    lines = [line for line in table.read_text("utf-8").splitlines() if not line.startswith("#")]
    rows = {(row["measure"], row["reader"]): row for row in csv.DictReader(lines)}
    assert float(rows["recognised, real", "Ann"]["value"]) == 1
    assert len([key for key in rows if key[0] == "kappa (Cohen)"]) == 3
    assert "Agreement (kappa)" in picture.read_text("utf-8")


def test_what_cannot_be_studied_is_said_in_a_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("NAPARI_UDT_CACHE", str(tmp_path / "cache"))
    write_envi(tmp_path / "r.hdr", 0, target=True)
    assert main(["study", "make", str(tmp_path), "-o", str(tmp_path / "s.udt-study.npz")]) == 2
    assert "needs transferred cubes and reference cubes; found measured cubes" in capsys.readouterr().err
    assert main(["study", "join", str(tmp_path / "no.json"), "-o", str(tmp_path / "t.csv")]) == 2
    assert "cannot be read" in capsys.readouterr().err
