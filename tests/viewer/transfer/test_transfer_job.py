"""What the Transfer dock offers, says and runs; no Qt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_udt.errors import TransferCancelled, TransferError
from napari_udt.inference.fitting import model_choices
from napari_udt.viewer.state.jobs import ignore_progress
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.transfer import job as transfer_job
from napari_udt.viewer.transfer.job import TransferRequest


@pytest.fixture
def request_for(pat, make_spec):
    def make(**changes):
        fields = {"key": "forearm", "cube": pat(), "spec": make_spec(), "direction": "sim2real", **changes}
        return TransferRequest(**fields)

    return make


def test_fitting_models_come_first_and_others_say_why(pat, make_spec):
    specs = [
        make_spec("organs", "HSI", 500, 1000, 100),
        make_spec("wide", low=650, high=980, count=34),
        make_spec("coarse", count=4),
        make_spec("exact"),
    ]
    choices = model_choices(pat(), specs)
    assert [c.spec.name for c in choices[:2]] == ["exact", "coarse"]
    assert {c.spec.name: c.obstacle for c in choices[2:]} == {
        "organs": "made for HSI",
        "wide": "needs 650–980 nm, the cube has 700–850 nm",
    }
    text = transfer_job.obstacles_text(choices)
    assert "650–980 nm" in text
    assert "organs" not in text  # of another modality: nobody would look for it here


def test_direction_leads_out_of_the_cubes_domain(pat):
    assert transfer_job.usual_direction(pat()) == "sim2real"
    assert transfer_job.usual_direction(pat(domain="second")) == "real2sim"
    assert transfer_job.usual_direction(pat(domain="real")) == "real2sim"


def test_conditions_offer_labels_only_when_the_model_knows_one(pat, make_spec):
    keys = [key for key, _ in transfer_job.condition_choices(pat(), make_spec())]
    assert keys == ["labels", "proxy", "vein", "artery", "fat"]
    stranger = make_spec(class_names=("bone", "fat"))
    assert [key for key, _ in transfer_job.condition_choices(pat(), stranger)] == ["proxy", "bone", "fat"]
    simpa = pat(label_names={0: "coupling medium", 5: "blood", 6: "soft tissue"})
    assert transfer_job.condition_choices(simpa, make_spec())[0][0] == "labels"
    domain_only = make_spec(condition="domain", class_names=())
    assert [key for key, _ in transfer_job.condition_choices(pat(), domain_only)] == ["auto"]


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("digital device", "digital device"),
        ("drawn from measured statistics", "statistics"),
        ("measured", "real"),
    ],
)
def test_directions_are_named_by_what_the_target_really_is(request_for, make_spec, target, words):
    request = request_for(spec=make_spec(target=target))
    assert transfer_job.result_name(request) == "pat-small · forearm"
    (there, _), (back, _) = transfer_job.direction_choices(request.spec)
    target_words = there.removeprefix("simulated → ")
    assert back == f"{target_words} → simulated"
    assert words in target_words
    assert ("real" in target_words) == (target == "measured")
    note = transfer_job.honest_note(request.spec)
    assert "hallucinate" in note
    assert ("not real" in note) == (target != "measured")


def test_preferred_source_is_a_simulated_cube_just_opened(pat):
    session = Session()
    assert transfer_job.preferred_source(session, None, ()) is None
    session.add(pat("real", domain="second"))
    assert transfer_job.preferred_source(session, None, ()) == "real"
    opened = [session.add(pat("a")).cube]
    assert transfer_job.preferred_source(session, "real", opened) == "a"
    opened = [session.add(pat("other real", domain="second")).cube]
    assert transfer_job.preferred_source(session, "a", opened) == "a"
    session.remove("a")
    assert transfer_job.preferred_source(session, "a", ()) == "other real"


def test_a_run_carries_the_request_and_names_its_result(request_for, slow_transfer):
    slow_transfer.gate.set()
    reports = []
    request = request_for(condition="vein", device="cpu")
    result = transfer_job.run(request, slow_transfer, lambda *a: reports.append(a))
    assert slow_transfer.calls == [("forearm", "pat-small", "sim2real", "cpu", "vein")]
    assert result.name == "pat-small · forearm"
    assert reports[0] == (0, 10)
    assert reports[-1] == (10, 10)


def test_what_a_report_raises_ends_the_run(request_for, slow_transfer):
    def cancel(_done, _total):
        raise TransferCancelled("enough")

    with pytest.raises(TransferCancelled, match="enough"):
        transfer_job.run(request_for(), slow_transfer, cancel)


def test_a_model_that_does_not_fit_is_refused_in_words(request_for, make_spec):
    request = request_for(spec=make_spec("wide", low=650, high=980))
    with pytest.raises(TransferError, match=r"wide.*650–980 nm"):
        transfer_job.run(request, None, ignore_progress)


def test_texts(pat, transferred):
    assert transfer_job.source_line(pat()) == "simulated, 32 × 64 pixels, 16 wavelengths 700–850 nm"
    assert (
        transfer_job.success_text(transferred(pat()), 1.26) == "2 048 spectra in 1.3 s · test device · labels"
    )
    assert "no memory" in transfer_job.failure_text(TransferError("no memory"))
    assert "ValueError: odd" in transfer_job.failure_text(ValueError("odd"))
    assert "drop" in transfer_job.invitation(None, [])
    assert "No installed model fits this PAT cube" in transfer_job.invitation(pat(), [])


def test_what_came_out_far_outside_stands_first_in_the_status(pat, transferred):
    result = transferred(pat())
    result = result.with_(provenance={**result.provenance, "spectra_far_outside": 1024})
    text = transfer_job.success_text(result, 1.0)
    assert text.startswith("50 % of the spectra came out far outside")
    assert text.endswith("test device · labels")


def test_the_real_transfer_is_found_without_being_named(pat, request_for, monkeypatch):
    import napari_udt.inference

    seen = {}

    def fake(cube, *arguments, **options):
        seen["data"] = cube.data
        return cube.with_(domain="transferred")

    monkeypatch.setattr(napari_udt.inference, "transfer", fake, raising=False)
    request = request_for()
    transfer_job.run(request, None, ignore_progress)
    assert np.shares_memory(seen["data"], request.cube.data)


def test_another_grid_is_said_before_the_run(pat, make_spec):
    fine = pat(wavelengths=np.linspace(690, 860, 35))
    line, whole = transfer_job.regridding(fine, make_spec())
    assert line == "Will be interpolated: 35 wavelengths to the model's 16."
    assert "(690-860 nm)" in whole
    assert "(700-850 nm)" in whole
    assert transfer_job.regridding(pat(), make_spec()) == ("", "")
    assert transfer_job.regridding(fine, make_spec(low=600)) == ("", "")  # refused, and said elsewhere
    assert transfer_job.regridding(None, None) == ("", "")


def test_a_finished_run_says_that_it_interpolated(pat, transferred):
    result = transferred(pat())
    provenance = {
        **result.provenance,
        "wavelengths": "spectra were interpolated linearly from 35 wavelengths",
    }
    assert "interpolated" in transfer_job.success_text(result.with_(provenance=provenance), 1.0)
    assert "interpolated" not in transfer_job.success_text(result, 1.0)


def test_the_noise_is_offered_only_where_a_model_knows_it(make_spec):
    noisy = replace(make_spec(), input_noise=0.05)
    assert transfer_job.offers_noise(noisy, "sim2real")
    assert not transfer_job.offers_noise(noisy, "real2sim")
    assert not transfer_job.offers_noise(make_spec(), "sim2real")
    assert not transfer_job.offers_noise(None, "sim2real")


def test_the_deformed_picture_is_a_second_run_where_the_model_knows_one(request_for, make_spec):
    plain = request_for(deformed=True)
    assert [r.deformed for r in transfer_job.with_deformed(plain)] == [False]
    bending = replace(plain, spec=make_spec("bends", kind="dicyclegan"))
    runs = transfer_job.with_deformed(bending)
    assert [r.arguments.get("deformed") for r in runs] == [None, True]
    names = [transfer_job.result_name(r) for r in runs]
    assert "deformed" in names[1]
    assert "deformed" not in names[0]
