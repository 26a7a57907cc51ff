"""The domain: raster landscapes, a fire simulator, `FuelBreakEnv`, and a DQN that places fuel breaks.

Its compiled and geographic libraries are an extra of the package, which is said here once for all modules below.
"""

from importlib.util import find_spec

from gymnasium.envs.registration import register, registry

__version__ = "0.1.0"

_missing = [name for name in ("numba", "rasterio") if find_spec(name) is None]
if _missing:
    raise ImportError(f'fuelbreak needs {" and ".join(_missing)}: pip install "stable-train[fuelbreak]"')

# Gymnasium 1.x loads no entry points of its own: importing this package is what registers the environment,
# and "fuelbreak:FuelBreak-v1" imports it first. Version 0 differs from it in its arguments only.
for _name in ("FuelBreak-v0", "FuelBreak-v1"):
    if _name not in registry:
        register(id=_name, entry_point="fuelbreak.env:FuelBreakEnv")
