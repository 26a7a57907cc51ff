"""The domain: raster landscapes, a fire simulator, `FuelBreakEnv`, and a DQN that places fuel breaks."""

from gymnasium.envs.registration import register, registry

__version__ = "0.1.0"

# Gymnasium 1.x loads no entry points of its own: importing this package is what registers the environment,
# and "fuelbreak:FuelBreak-v0" imports it first.
if "FuelBreak-v0" not in registry:
    register(id="FuelBreak-v0", entry_point="fuelbreak.env:FuelBreakEnv")
