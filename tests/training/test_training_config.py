from pathlib import Path

import pytest

from napari_udt.errors import TrainingError
from napari_udt.training.config import load_config, packaged_configs

SMALLEST = """
name = "small"
title = "Small"
modality = "HSI"
[data]
simulated = "a.h5"
second = "b.h5"
[optimisation]
steps = 10
batch_size = 4
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "run.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_small_file_is_completed_with_defaults(tmp_path):
    config = load_config(written(tmp_path, SMALLEST))
    assert (config.name, config.optimisation.steps, config.condition.second_labels) == ("small", 10, "proxy")
    assert config.optimisation.learning_rate == 1e-3


@pytest.mark.parametrize("name", packaged_configs())
def test_packaged_configurations_are_valid_and_bear_their_name(name):
    assert load_config(name).name == name


def test_ablations_differ_from_the_proposed_method_in_one_setting():
    proposed = load_config("hsi_cinn_dy").as_dict()
    for name, section, key in (
        ("hsi_cinn_d", "condition", "on"),
        ("hsi_cinn_dy_without_gan", "optimisation", "gan_weight"),
    ):
        ablation = load_config(name).as_dict()
        assert ablation[section].pop(key) != proposed[section][key]
        expected = {**proposed, section: {k: v for k, v in proposed[section].items() if k != key}}
        assert {k for k in ablation if ablation[k] != expected[k]} == {"name", "title"}


def test_data_paths_given_outside_take_the_place_of_the_files(tmp_path):
    config = load_config(written(tmp_path, SMALLEST), simulated="other.h5", second=None)
    assert (config.data.simulated, config.data.second) == ("other.h5", "b.h5")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("steps = 10", "steps = 0", r"optimisation\.steps is 0; expected a value that is greater than 0"),
        ("steps = 10", "steps = 1.5", r"optimisation\.steps is 1\.5; expected a whole number"),
        ("steps = 10", "steps = true", r"optimisation\.steps is True; expected a whole number"),
        ("steps = 10", "", r"key optimisation\.steps is missing"),
        ("steps = 10", "steps = 10\nstepz = 1", r"key optimisation\.stepz is unknown; expected one of steps"),
        ('modality = "HSI"', 'modality = "MRI"', r"modality is 'MRI'; expected 'HSI' or 'PAT'"),
        ('name = "small"', "name = 3", r"name is 3; expected a text"),
        (
            'second = "b.h5"',
            'second = "b.h5"\ncrop = [3]',
            r"data\.crop is \[3\]; expected a value that is empty or",
        ),
        (
            'second = "b.h5"',
            'second = "b.h5"\nnoise = -1',
            r"data\.noise is -1; expected a value that is 0 or",
        ),
        ("[optimisation]", "[optimization]", "key optimization is unknown"),
        (
            'title = "Small"',
            'title = "Small"\ncondition = 3',
            r"condition is 3; expected a section \[condition\]",
        ),
        (
            'title = "Small"',
            'title = "Small"\nextends = "nothing"',
            "extends is 'nothing'; expected a packaged",
        ),
        ('title = "Small"', 'title = "Small', "not a TOML file"),
    ],
)
def test_a_wrong_configuration_is_answered_with_file_and_key(tmp_path, old, new, complaint):
    assert old in SMALLEST
    with pytest.raises(TrainingError, match=rf"run\.toml: .*{complaint}"):
        load_config(written(tmp_path, SMALLEST.replace(old, new)))


def test_a_missing_file_is_answered_with_what_there_is():
    with pytest.raises(TrainingError, match=r"nowhere\.toml: .*cannot be read.*hsi_cinn_dy"):
        load_config("nowhere.toml")
