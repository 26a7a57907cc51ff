"""Fires and environments as tensors, for a GPU; the only part of the domain below the agent that imports torch."""

from fuelbreak.torch_fire.fires import TorchFires
from fuelbreak.torch_fire.vector_env import FuelBreakVectorEnv

__all__ = ["FuelBreakVectorEnv", "TorchFires"]
