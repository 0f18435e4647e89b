"""The first layer of spectral flows: a transport of means and covariances that keeps the order of oxygenation."""

import numpy as np
import pytest
import torch
from model_specs import STATISTICS, hsi_spec
from scipy.stats import spearmanr

from napari_udt.errors import ModelError
from napari_udt.models import TransferModel, load_model, save_model
from napari_udt.models.build import build_network
from napari_udt.models.class_transport import ClassTransport, saturation_windows
from napari_udt.models.conditions import Conditions
from napari_udt.models.transport import gaussian_transport, ordered_transport, ordered_whitenings
from napari_udt.spectral.chromophores import absorption
from napari_udt.spectral.unmixing import VISIBLE, unmix_spectra

WAVELENGTHS_NM = np.linspace(500, 900, 30)
NAMES = ("fat", "liver", "skin")
SPEC = hsi_spec(
    wavelengths_nm=tuple(WAVELENGTHS_NM),
    architecture={"blocks": 2, "conditional_blocks": 2, "width": 8, "class_transport": True},
)


def spectra(domain, label, n=400, seed=0):
    """L2-normalised spectra that vary in blood, oxygenation and slope, differently in the two domains."""
    rng = np.random.default_rng([seed, label, int(domain == "real")])
    real = domain == "real"
    amount, other = rng.standard_normal((2, n))
    together = -0.8 if real else 0.0
    blood = np.exp((0.5 if real else 0.15) * amount + 0.4 * label + 0.3 * real)
    saturation = 0.5 + 0.2 * real + 0.1 * (together * amount + np.sqrt(1 - together**2) * other)
    oxy, deoxy = (absorption().at(name, WAVELENGTHS_NM) for name in ("HbO2", "Hb"))
    absorbed = 0.002 * blood[:, None] * (saturation[:, None] * oxy + (1 - saturation[:, None]) * deoxy)
    slope = (0.2 + 0.1 * rng.standard_normal(n))[:, None] * np.log(WAVELENGTHS_NM / 500)
    values = np.exp(-absorbed + slope + 0.005 * rng.standard_normal((n, 30)))
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def samples(domain, labels=(0, 1, 2)):
    mean, std = STATISTICS[domain]
    values = np.concatenate([spectra(domain, label) for label in labels])
    return torch.from_numpy((values - mean) / std).float(), torch.tensor(labels).repeat_interleave(400)


def fitted(labels=(0, 1, 2), dtype=torch.float32, classes=3):
    transport = ClassTransport(30, classes, STATISTICS, domain_noise=0.1)
    simulated, real = samples("simulated"), samples("real", labels)
    transport.fit(
        {"simulated": simulated[0], "real": real[0]},
        {"simulated": simulated[1], "real": real[1]},
        WAVELENGTHS_NM,
    )
    return transport.to(dtype)


def condition(domain, labels, n, dtype=torch.float32):
    like = torch.zeros(0, dtype=dtype)
    return Conditions.of(SPEC).expected((n,), domain, labels, like)


def moved(transport, x, labels):
    z, _ = transport(x, condition("simulated", labels, len(x), x.dtype))
    return transport.inverse(z, condition("real", labels, len(x), x.dtype))[0]


def raw(x, domain):
    mean, std = STATISTICS[domain]
    return x.double().numpy() * std + mean


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-9)])
@pytest.mark.parametrize("domain", ["simulated", "real", 0.3])
def test_the_inverse_inverts(dtype, tolerance, domain):
    transport, (x, labels) = fitted(dtype=dtype), samples("simulated")
    there = condition(domain, labels, len(x), dtype)
    z, log_det = transport(x.to(dtype), there)
    back, opposite = transport.inverse(z, there)
    torch.testing.assert_close(back, x.to(dtype), rtol=0, atol=tolerance)
    torch.testing.assert_close(opposite, -log_det, rtol=tolerance, atol=100 * tolerance)


@pytest.mark.parametrize("domain", ["simulated", "real", 0.3])
def test_the_log_determinant_is_that_of_the_jacobian(domain):
    transport, x = fitted(dtype=torch.float64), samples("simulated")[0][:1].double()
    there = condition(domain, torch.tensor([1]), 1, torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda v: transport(v, there)[0].flatten(), x)
    expected = torch.linalg.slogdet(jacobian.reshape(30, 30)).logabsdet
    torch.testing.assert_close(transport(x, there)[1], expected[None], rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("domain", ["simulated", "real"])
def test_every_class_becomes_standard_normal(domain):
    transport, (x, labels) = fitted(), samples(domain)
    z, _ = transport(x, condition(domain, labels, len(x)))
    for label in range(3):
        own = z[labels == label].double().numpy()
        np.testing.assert_allclose(own.mean(axis=0), 0, atol=0.01)
        np.testing.assert_allclose(np.cov(own.T, ddof=0), np.eye(30), atol=0.06)


def test_transfers_have_the_targets_mean_and_covariance_of_logarithms():
    transport, (x, labels) = fitted(), samples("simulated")
    arrived, wanted = (
        np.arcsinh(raw(v, "real") / transport.scale)
        for v in (moved(transport, x, labels), samples("real")[0])
    )
    for label in range(3):
        own, other = arrived[labels == label], wanted[labels == label]
        np.testing.assert_allclose(own.mean(axis=0), other.mean(axis=0), atol=1e-3)
        np.testing.assert_allclose(np.cov(own.T), np.cov(other.T), atol=1e-4)


def test_the_order_of_the_oxygenation_is_kept_where_plain_transport_loses_it():
    transport, (x, labels) = fitted(), samples("simulated")
    after = raw(moved(transport, x, labels), "real")
    kept = []
    for label in range(3):
        own = labels == label
        source, target = raw(x[own], "simulated"), spectra("real", label)
        plain = np.exp(gaussian_transport(np.log(source), np.log(target))(np.log(source)))
        before, ordered, unordered = (
            unmix_spectra(v, WAVELENGTHS_NM, "HSI", window=VISIBLE, largest_residual=1.0).oxygenation
            for v in (source, after[own], plain)
        )
        kept.append([spearmanr(before, v, nan_policy="omit").statistic for v in (ordered, unordered)])
    ordered, unordered = np.mean(kept, axis=0)
    assert ordered > 0.9
    assert ordered > unordered + 0.1


def test_without_functions_to_keep_it_is_the_gaussian_transport():
    source, target = (np.log(spectra(domain, 0)) for domain in ("simulated", "real"))
    nothing = np.zeros((0, 30))
    ours, plain = ordered_transport(source, target, nothing, nothing), gaussian_transport(source, target)
    np.testing.assert_allclose(ours(source), plain(source), atol=1e-8)


def test_the_first_coordinates_are_the_functions_one_after_the_other():
    source, target = (np.log(spectra(domain, 0)).astype(np.float64) for domain in ("simulated", "real"))
    functions = np.random.default_rng(0).standard_normal((2, 30))
    for whitening, values in zip(
        ordered_whitenings(source, target, functions, functions), (source, target), strict=True
    ):
        z, wanted = whitening(values), (values - values.mean(axis=0)) @ functions.T
        assert np.corrcoef(z[:, 0], wanted[:, 0])[0, 1] == pytest.approx(1, abs=1e-6)
        assert abs(np.corrcoef(z[:, 2], wanted[:, 1])[0, 1]) < 1e-2
        assert np.linalg.matrix_rank(np.column_stack([z[:, :2], wanted]), tol=1e-2) == 2


def test_a_class_that_does_not_stand_out_gets_the_matrices_of_all_together():
    transport, (x, _) = fitted(), samples("simulated")
    even = condition("simulated", None, len(x))
    share, entry = transport.places(even)
    assert set(entry.tolist()) == {3}
    assert set(share.tolist()) == {0.0}
    z = transport(x, even)[0].double().numpy()
    np.testing.assert_allclose(np.cov(z.T, ddof=0), np.eye(30), atol=0.06)


def test_noise_of_training_never_changes_class_or_domain():
    labels = torch.arange(3).repeat(200)
    conditions = Conditions.of(SPEC)
    for domain, number in (("simulated", 0.0), ("real", 1.0)):
        share, entry = fitted().places(conditions.random((600,), domain, labels))
        assert torch.equal(entry, labels)
        assert set(share.tolist()) == {number}


def test_a_class_without_target_samples_moves_as_the_others_do_on_average():
    whole, without = fitted(), fitted(labels=(0, 1))
    shifts = [whole.centre[1, k] - whole.centre[0, k] for k in (0, 1)]
    torch.testing.assert_close(without.centre[1, 2] - without.centre[0, 2], (shifts[0] + shifts[1]) / 2)
    x, labels = samples("simulated")
    arrived = raw(moved(without, x, labels), "real")[labels == 2]
    wanted = raw(samples("real")[0], "real")[samples("real")[1] == 2].mean(axis=0)
    before = raw(x, "simulated")[labels == 2].mean(axis=0)
    assert np.linalg.norm(arrived.mean(axis=0) - wanted) < np.linalg.norm(before - wanted)


def test_windows_without_enough_wavelengths_keep_nothing():
    assert len(saturation_windows(WAVELENGTHS_NM)) == 2
    assert saturation_windows(np.linspace(500, 1000, 9)) == []


def test_saved_models_transfer_alike(tmp_path):
    network = build_network(SPEC)
    network.transport = fitted()
    model, (x, labels) = TransferModel(SPEC, network), samples("simulated")
    save_model(model, tmp_path / "m")
    again = load_model(tmp_path / "m")
    for m in (model, again):
        assert m.round_trip_error(x, "simulated", labels).max() < 1e-5
    z = [m.encode(x, "simulated", labels)[0] for m in (model, again)]
    torch.testing.assert_close(z[0], z[1])


def test_damaged_matrices_are_refused(tmp_path):
    network = build_network(SPEC)
    network.transport.colouring[0, 1] = 0
    save_model(TransferModel(SPEC, network), tmp_path / "m")
    with pytest.raises(ModelError, match="cannot be inverted"):
        load_model(tmp_path / "m")


@pytest.mark.parametrize(("change", "words"), [({"class_transport": 1}, "true or false")])
def test_a_wrong_architecture_is_refused(change, words):
    with pytest.raises(ModelError, match=words):
        build_network(hsi_spec(architecture={**SPEC.architecture, **change}))


def test_spectra_that_are_not_normalised_are_refused():
    with pytest.raises(ModelError, match="L2-normalised"):
        build_network(hsi_spec(spectrum_norm="none", architecture=SPEC.architecture))
