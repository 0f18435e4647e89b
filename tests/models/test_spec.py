"""Specifications survive JSON and refuse nonsense in one sentence."""

from __future__ import annotations

import json

import pytest
from model_specs import hsi_spec, pat_spec

from napari_udt.errors import ModelError
from napari_udt.models.spec import ModelSpec


@pytest.mark.parametrize("spec", [hsi_spec(card="# Card\n", training={"seed": 1}), pat_spec()])
def test_json_round_trip(spec):
    assert ModelSpec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "gan"}, "kind is 'gan'; expected one of 'cinn'"),
        ({"modality": "CT"}, "modality is 'CT'"),
        ({"name": "../evil"}, "name is '../evil'"),
        ({"name": ""}, "expected letters, digits"),
        ({"title": 3}, "title is 3; expected text"),
        ({"wavelengths_nm": (600, 500)}, "strictly increasing numbers in nm"),
        ({"wavelengths_nm": (500, float("nan"))}, "strictly increasing numbers in nm"),
        ({"wavelengths_nm": "ab"}, "a field is of the wrong kind"),
        ({"statistics": {"simulated": (0, 1)}}, "statistics is"),
        ({"statistics": {"simulated": (0, 1), "real": (0, 0)}}, "positive std"),
        ({"statistics": {"simulated": 3, "real": 4}}, "a field is of the wrong kind"),
        ({"label_noise_level": 2}, "label_noise_level is 2; expected a number"),
        ({"domain_noise": "x"}, "domain_noise is 'x'"),
        ({"class_names": ("fat", "fat")}, "one or more different names"),
        ({"condition": "none"}, "'class' or 'domain' for a cINN"),
        ({"target": "real"}, "target is 'real'"),
    ],
)
def test_nonsense_is_refused(changes, message):
    with pytest.raises(ModelError, match=message):
        hsi_spec(**changes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("format"), "not a model of napari-udt"),
        (lambda d: d.update(format_version=2), "model format 2, known is 1"),
        (lambda d: d.update(colour="red"), "unknown fields colour"),
        (lambda d: d.pop("name"), "missing or of the wrong kind"),
        (lambda d: d.update(kind=None), "kind is None"),
        (lambda d: d.update(architecture=None), "a field is of the wrong kind"),
    ],
)
def test_a_damaged_file_is_refused_by_its_name(change, message):
    document = json.loads(hsi_spec().to_json())
    change(document)
    with pytest.raises(ModelError, match=message) as caught:
        ModelSpec.from_json(json.dumps(document), where="some/model.json")
    assert str(caught.value).startswith("some/model.json: ")


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '"text"', "[" * 100_000])
def test_what_is_no_specification_is_refused(text):
    with pytest.raises(ModelError, match=r"^here: "):
        ModelSpec.from_json(text, where="here")
