"""Scripts made of provenance that anyone may have written: nothing but the transfer stands in them."""

from __future__ import annotations

import ast
import io
import tokenize

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_udt.errors import SessionError
from napari_udt.viewer.session.script import transfer_script

EVIL = [
    "x\nimport os",
    "x\rimport os",
    "x\x0cimport os",
    "coding: utf-7 +AAo-import os",
    '\'"""\\',
    "\ud800",
    "\0",
    "a=1)#",
]
TEXTS = st.sampled_from(EVIL) | st.text(st.characters(exclude_categories=()), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
FILES = st.fixed_dictionaries(
    {"path": TEXTS},
    optional={
        "sha256": TEXTS | st.just("a" * 64),
        "candidate": VALUES,
        "options": VALUES
        | st.dictionaries(st.sampled_from(["domain", "wavelengths_nm", "frame"]), VALUES)
        | st.fixed_dictionaries({"reconstruction": st.dictionaries(TEXTS | st.just("pixel_mm"), VALUES)}),
    },
)
SOURCES = st.fixed_dictionaries({"file": FILES}, optional={"name": VALUES, "provenance": VALUES})
PROVENANCE = st.fixed_dictionaries(
    {"source": SOURCES | st.dictionaries(TEXTS, VALUES, max_size=2)},
    optional={
        "model": VALUES
        | st.fixed_dictionaries(
            {"name": TEXTS | st.just("baseline: x\ny")},
            optional={"weights_sha256": TEXTS, "reference": SOURCES},
        ),
        "arguments": VALUES | st.fixed_dictionaries({"condition": VALUES, "device": VALUES}),
        **dict.fromkeys(
            ("software", "date", "device", "direction", "scale", "noise", "seed", "steps"), VALUES
        ),
    },
)
CALLS = {
    "open_cube",
    "load_model",
    "transfer",
    "save_cube",
    "SystemExit",
    "ReconstructionOptions",
    "cube.with_",
}
PLAIN = (
    ast.Constant,
    ast.Tuple,
    ast.List,
    ast.Dict,
    ast.Name,
    ast.Load,
    ast.Store,
    ast.keyword,
    ast.UnaryOp,
    ast.USub,
)
STRUCTURE = (
    ast.Module,
    ast.Assign,
    ast.Expr,
    ast.Call,
    ast.Attribute,
    ast.If,
    ast.Raise,
    ast.Compare,
    ast.NotEq,
)
NAMES = {"cube", "source", "model", *CALLS}


def check(script: str) -> None:
    """Fail on everything that is not part of opening, transferring and saving."""
    data = script.encode("utf-8")
    assert tokenize.detect_encoding(io.BytesIO(data).readline)[0] == "utf-8"
    for node in ast.walk(ast.parse(data)):
        if isinstance(node, ast.ImportFrom):
            assert node.module in ("napari_udt", "napari_udt.reconstruction.options")
        elif isinstance(node, ast.Call):
            assert ast.unparse(node.func) in CALLS
        elif isinstance(node, ast.Name):
            assert node.id in NAMES
        elif isinstance(node, ast.Attribute):
            assert ast.unparse(node) in ("cube.with_", "model.spec", "model.spec.weights_sha256")
        else:
            assert isinstance(node, (*PLAIN, *STRUCTURE, ast.alias)), ast.dump(node)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(PROVENANCE, TEXTS, TEXTS)
def test_only_the_expected_statements(transferred, pat, provenance, name, origin):
    cube = transferred(pat()).with_(provenance=provenance, name=name or "x", origin=origin)
    try:
        script = transfer_script(cube)
    except SessionError:
        return  # a sentence, and no script
    check(script)


@pytest.mark.parametrize("option", ["x=1)\nimport os", "progress", "unknown"])
def test_unknown_options_make_no_script(transferred, pat, option):
    source = {"file": {"path": "a.h5", "options": {option: 1}}}
    with pytest.raises(SessionError, match="names the option"):
        transfer_script(transferred(pat()).with_(provenance={"source": source}))


def test_a_malformed_hash_is_left_out_or_refused(transferred, pat):
    source = {"file": {"path": "a.h5", "sha256": "0" * 63 + "\nimport os"}}
    assert "SHA-256" not in transfer_script(transferred(pat()).with_(provenance={"source": source}))
    provenance = {"source": {"file": {"path": "a.h5"}}, "model": {"name": "m", "weights_sha256": "x\ny"}}
    with pytest.raises(SessionError, match="no hash"):
        transfer_script(transferred(pat()).with_(provenance=provenance))


def test_a_name_cannot_choose_the_encoding(transferred, pat):
    cube = transferred(pat()).with_(name="coding: utf-7", provenance={"source": {"file": {"path": "a.h5"}}})
    check(transfer_script(cube))


def test_endless_chains_end_in_a_sentence(transferred, pat):
    provenance = {"source": {"file": {"path": "a.h5"}}}
    for _ in range(80):
        provenance = {"source": {"provenance": provenance}}
    with pytest.raises(SessionError, match="follow each other"):
        transfer_script(transferred(pat()).with_(provenance=provenance))
