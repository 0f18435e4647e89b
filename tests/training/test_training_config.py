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


@pytest.mark.parametrize("modality", ["hsi", "pat"])
def test_every_row_of_table_1_is_packaged(modality):
    rows = {
        "cinn_dy": ("cinn", "class"),
        "cinn_d": ("cinn", "domain"),
        "cinn_dy_without_gan": ("cinn", "class"),
        "unit": ("unit", "none"),
        "unit_y": ("unit", "class"),
        "cyclegan": ("cyclegan", "none"),
    }
    for row, (method, condition) in rows.items():
        config = load_config(f"{modality}_{row}")
        assert (config.method, config.condition.on) == (method, condition)
        assert config.modality == modality.upper()
        assert (config.optimisation.gan_weight == 0) == ("without_gan" in row)


@pytest.mark.parametrize("modality", ["hsi", "pat"])
@pytest.mark.parametrize(
    ("base", "row", "section", "key"),
    [
        ("cinn_dy", "cinn_d", "condition", "on"),
        ("cinn_dy", "cinn_dy_without_gan", "optimisation", "gan_weight"),
        ("unit", "unit_y", "condition", "on"),
    ],
)
def test_ablations_differ_from_their_base_in_one_setting(modality, base, row, section, key):
    proposed = load_config(f"{modality}_{base}").as_dict()
    ablation = load_config(f"{modality}_{row}").as_dict()
    assert ablation[section].pop(key) != proposed[section][key]
    expected = {**proposed, section: {k: v for k, v in proposed[section].items() if k != key}}
    assert {k for k in ablation if ablation[k] != expected[k]} == {"name", "title"}


def test_losses_of_the_auto_encoders_have_the_published_weights():
    unit, cyclegan = load_config("hsi_unit"), load_config("hsi_cyclegan")
    weights = unit.autoencoder
    assert (weights.reconstruction_weight, weights.cycle_weight) == (10, 10)
    assert (weights.prior_weight, weights.cycle_prior_weight) == (0.05, 0.05)
    assert (unit.optimisation.gan_weight, cyclegan.optimisation.gan_weight) == (1, 5)
    assert cyclegan.autoencoder.cycle_weight == 10


def test_data_paths_given_outside_take_the_place_of_the_files(tmp_path):
    config = load_config(written(tmp_path, SMALLEST), simulated="other.h5", second=None)
    assert (config.data.simulated, config.data.second) == ("other.h5", "b.h5")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("steps = 10", "steps = -1", r"optimisation\.steps is -1; expected a value that is 0 or greater"),
        (
            "steps = 10",
            "steps = 0",
            "optimisation.steps is 0; expected more for a network of which nothing is fitted",
        ),
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
        (
            'second = "b.h5"',
            'second = "b.h5"\nleave_out = [1]',
            r"data\.leave_out is \[1\]; expected a list of texts",
        ),
        (
            'second = "b.h5"',
            'second = "b.h5"\nintensity = "asinh"',
            r"data\.intensity is 'asinh'; expected 'linear' for HSI",
        ),
        (
            'modality = "HSI"',
            'modality = "HSI"\nmethod = "unit"\ncondition.on = "domain"',
            r"condition\.on is 'domain'; expected 'class' or 'none' for method 'unit'",
        ),
        (
            'modality = "HSI"',
            'modality = "HSI"\ncondition.on = "none"',
            r"condition\.on is 'none'; expected 'class' or 'domain' for method 'cinn'",
        ),
    ],
)
def test_a_wrong_configuration_is_answered_with_file_and_key(tmp_path, old, new, complaint):
    assert old in SMALLEST
    with pytest.raises(TrainingError, match=rf"run\.toml: .*{complaint}"):
        load_config(written(tmp_path, SMALLEST.replace(old, new)))


def test_images_hold_many_classes_so_none_can_be_left_out(tmp_path):
    text = SMALLEST.replace('"HSI"', '"PAT"').replace('"b.h5"', '"b.h5"\nleave_out = ["fat"]')
    with pytest.raises(TrainingError, match=r"data\.leave_out is \['fat'\]; expected nothing for PAT"):
        load_config(written(tmp_path, text))


def test_a_missing_file_is_answered_with_what_there_is():
    with pytest.raises(TrainingError, match=r"nowhere\.toml: .*cannot be read.*hsi_cinn_dy"):
        load_config("nowhere.toml")
