"""The coupling block obeys the laws of an invertible map and agrees with FrEIA's."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_udt.models.coupling import CouplingBlock, conv_subnet, linear_subnet

CONDITIONS = 3


def make_block(channels, *, picture=False, condition_channels=CONDITIONS, restore_order=False):
    """A block whose weights are far from the identity, in float64."""
    subnet = conv_subnet(6, (3, 1, 3)) if picture else linear_subnet(6)
    block = CouplingBlock(
        channels,
        condition_channels,
        subnet,
        restore_order=restore_order,
        picture=picture,
        initial_scale=0.7,
    ).double()
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.add_(torch.randn_like(parameter))
    return block


def make_input(channels, *, picture=False, n=4):
    size = (3, 5) if picture else ()
    return (
        torch.randn(n, channels, *size, dtype=torch.float64),
        torch.rand(n, CONDITIONS, *size, dtype=torch.float64),
    )


@settings(max_examples=30, deadline=None)
@given(
    channels=st.integers(2, 9),
    picture=st.booleans(),
    restore_order=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_the_inverse_inverts(channels, picture, restore_order, seed):
    torch.manual_seed(seed)
    block = make_block(channels, picture=picture, restore_order=restore_order)
    x, condition = make_input(channels, picture=picture)
    y, log_det = block(x, condition)
    back, inverse_log_det = block.inverse(y, condition)
    torch.testing.assert_close(back, x, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(inverse_log_det, -log_det, rtol=1e-10, atol=1e-10)


@settings(max_examples=15, deadline=None)
@given(
    channels=st.integers(2, 6),
    picture=st.booleans(),
    restore_order=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_the_log_determinant_is_that_of_the_jacobian(channels, picture, restore_order, seed):
    torch.manual_seed(seed)
    block = make_block(channels, picture=picture, restore_order=restore_order)
    x, condition = make_input(channels, picture=picture, n=1)
    jacobian = torch.autograd.functional.jacobian(lambda v: block(v, condition)[0].flatten(), x)
    expected = torch.linalg.slogdet(jacobian.reshape(x.numel(), x.numel())).logabsdet
    torch.testing.assert_close(block(x, condition)[1], expected[None], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("picture", [False, True])
def test_restored_order_leaves_passive_channels_in_place_up_to_the_global_layer(picture):
    block = make_block(7, picture=picture, restore_order=True)
    x, condition = make_input(7, picture=picture)
    y, _ = block(x, condition)
    passive = block.inverse_permutation[: block.passive_count]  # places that are not transformed
    scale = block.scale[:, : block.passive_count]
    offset = block.global_offset[:, : block.passive_count]
    torch.testing.assert_close(y[:, passive], x[:, passive] * scale + offset)


def test_the_initial_scale_is_what_was_asked_for():
    for scale in (0.1, 0.7, 1.0, 3.0):
        block = CouplingBlock(5, 0, linear_subnet(4), initial_scale=scale)
        torch.testing.assert_close(block.scale, torch.full((1, 5), scale))


def test_a_new_block_is_near_a_permutation():
    block = CouplingBlock(8, 0, linear_subnet(16))
    x = torch.randn(100, 8)
    y, _ = block(x)
    torch.testing.assert_close(y, x[:, block.permutation], rtol=0.01, atol=0.01)


@pytest.mark.parametrize("picture", [False, True])
def test_every_parameter_gets_a_gradient(picture):
    block = make_block(6, picture=picture)
    y, log_det = block(*make_input(6, picture=picture))
    (0.5 * y.square().sum() - log_det.sum()).backward()
    for name, parameter in block.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("picture", [False, True])
def test_a_block_with_loaded_weights_is_the_same_function(picture):
    block, other = make_block(6, picture=picture), make_block(6, picture=picture)
    x, condition = make_input(6, picture=picture)
    other.load_state_dict(block.state_dict())
    assert torch.equal(other(x, condition)[0], block(x, condition)[0])


@pytest.mark.parametrize("channels", [6, 7])
@pytest.mark.parametrize("condition_channels", [0, CONDITIONS])
@pytest.mark.parametrize("picture", [False, True])
@pytest.mark.parametrize("restore_order", [False, True])
def test_the_block_agrees_with_freia(channels, condition_channels, picture, restore_order):
    blocks = pytest.importorskip("FrEIA.modules")
    ours = make_block(
        channels, picture=picture, condition_channels=condition_channels, restore_order=restore_order
    ).float()
    side = (3, 5) if picture else ()
    theirs = blocks.AllInOneBlock(
        [(channels, *side)],
        [(condition_channels, *side)] if condition_channels else [],
        subnet_constructor=conv_subnet(6, (3, 1, 3)) if picture else linear_subnet(6),
        affine_clamping=1.0,
        global_affine_init=0.7,
        reverse_permutation=restore_order,
    )
    state = {name: value for name, value in ours.state_dict().items() if name != "permutation"}
    matrix = torch.eye(channels)[ours.permutation].reshape(channels, channels, *[1] * len(side))
    state.update(w_perm=matrix, w_perm_inv=matrix.transpose(0, 1))
    theirs.load_state_dict(state)

    x, condition = (value.float() for value in make_input(channels, picture=picture))
    given_condition = condition if condition_channels else None
    their_condition = [condition] if condition_channels else []
    with torch.no_grad():
        (y,), log_det = theirs([x], their_condition)
        (back,), inverse_log_det = theirs([y], their_condition, rev=True)
        torch.testing.assert_close(ours(x, given_condition), (y, log_det), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(
            ours.inverse(y, given_condition), (back, inverse_log_det), rtol=1e-5, atol=1e-5
        )
