from dataclasses import replace

import numpy as np
import pytest
from model_specs import hsi_spec, pat_spec

from napari_udt.errors import EvaluationError
from napari_udt.evaluation.data import load_data, require_apart, require_model_fits


def trained_on(data, part, domain):
    return replace(hsi_spec(), training={"data": {domain: data.parts()[part].description()}})


def test_separate_seeds_pass(three_files):
    data = load_data(*three_files())
    assert require_apart(data, [hsi_spec(), trained_on(data, "second_train", "second")]) == []


def test_a_test_set_of_the_training_sets_seed_is_refused_unless_allowed(data_file):
    data = load_data(
        data_file(), data_file(domain="second", seed=3), data_file(domain="second", seed=3, n=90, name="b.h5")
    )
    with pytest.raises(
        EvaluationError, match=r"b\.h5 and HSI_second_3\.h5.*share their seed.*--allow-overlap"
    ):
        require_apart(data, [])
    (sentence,) = require_apart(data, [], allowed=True)
    assert "seed" in sentence


def test_the_same_file_twice_is_refused(data_file):
    second = data_file(domain="second")
    with pytest.raises(EvaluationError, match="share their file"):
        require_apart(load_data(data_file(), second, second), [])


@pytest.mark.parametrize(("part", "domain"), [("simulated", "simulated"), ("second_test", "second")])
def test_data_that_a_model_was_trained_on_are_refused(three_files, part, domain):
    data = load_data(*three_files())
    with pytest.raises(EvaluationError, match="training data of small-hsi share their file"):
        require_apart(data, [trained_on(data, part, domain)])


def test_a_description_names_the_file_but_no_folder(three_files, tmp_path):
    data = load_data(*three_files())
    described = data.simulated.description()
    assert described["file"] == "HSI_simulated_1.h5"
    assert (described["seed"], described["samples"], len(described["sha256"])) == (1, 60, 64)
    assert str(tmp_path) not in str(described)


def test_files_that_do_not_belong_together_are_named(data_file, three_files, tmp_path):
    simulated, second, _ = three_files()
    with pytest.raises(EvaluationError, match="no such file"):
        load_data(tmp_path / "none.h5", second, second)
    with pytest.raises(EvaluationError, match="holds the simulated domain; expected the second"):
        load_data(simulated, second, simulated)
    with pytest.raises(EvaluationError, match="modality differ"):
        load_data(simulated, second, data_file("PAT", "second"))
    other = data_file(domain="second", seed=9, class_names=("fat", "liver", "spleen"))
    with pytest.raises(EvaluationError, match="classes differ"):
        load_data(simulated, second, other)
    other = data_file(domain="second", seed=8, wavelengths_nm=np.linspace(400, 1000, 9))
    with pytest.raises(EvaluationError, match="wavelengths differ"):
        load_data(simulated, second, other)


def test_a_model_of_other_data_is_refused(three_files):
    data = load_data(*three_files())
    require_model_fits(hsi_spec(), data.simulated)
    with pytest.raises(EvaluationError, match=r"small-pat.*choose a model that fits"):
        require_model_fits(pat_spec(), data.simulated)
