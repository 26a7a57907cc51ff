"""Networks run in another precision, or compiled, and stay what they are."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from fuelbreak.dqn.network import QNetwork
from fuelbreak.dqn.precision import forward_of


@pytest.fixture
def network() -> QNetwork:
    torch.manual_seed(0)
    return QNetwork(8)


def test_bfloat16_gives_nearly_the_same_values_as_float32(network: QNetwork) -> None:
    observations = torch.randn(2, 8, 16, 16)
    exact, rounded = (
        forward_of(network, "cpu", precision)(observations) for precision in ("float32", "bfloat16")
    )
    assert rounded.dtype == torch.float32
    assert not torch.equal(rounded, exact), "it was not used"
    assert torch.allclose(rounded, exact, atol=0.1 * float(exact.detach().std()))


def test_differences_of_cells_survive_beside_a_large_state_value(network: QNetwork) -> None:
    """In bfloat16 a thousandth beside one is nothing."""
    nn.init.constant_(network.state_value.bias, 1.0)
    values = forward_of(network, "cpu", "bfloat16")(torch.randn(1, 8, 16, 16))
    assert len(values.unique()) > 100


def test_gradients_reach_the_networks_own_weights_in_float32(network: QNetwork) -> None:
    forward_of(network, "cpu", "bfloat16")(torch.randn(2, 8, 16, 16)).sum().backward()
    assert all(weights.grad.dtype == torch.float32 for weights in network.parameters())


def test_without_a_gpu_auto_changes_nothing(network: QNetwork) -> None:
    assert forward_of(network, "cpu", "auto") is network
