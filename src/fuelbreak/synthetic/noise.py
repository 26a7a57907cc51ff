"""Random fields with a power-law spectrum: what terrain and vegetation are made of here."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["gaussian_fields", "grid_edge"]

_SMALLEST_GRID = 128


def grid_edge(size: int) -> int:
    """Edge of the periodic grid on which fields for ``size`` cells are drawn: a power of two, a quarter more or above.

    A landscape is a window of that grid, so that its own edges do not match up. The less of the grid it leaves out, the
    closer it keeps to the region's shares; a tile of 50 cells sees a part of its region only, as a real one does.
    """
    return max(_SMALLEST_GRID, 1 << (5 * size // 4 - 1).bit_length())


def gaussian_fields(
    rng: np.random.Generator, count: int, edge: int, exponent: float, outer_scale_cells: float
) -> npt.NDArray[np.float64]:
    """Draw independent periodic fields whose power falls as ``(k^2 + k0^2)^(exponent / 2)``, k0 = 1 / outer scale.

    Source: spectral synthesis, Peitgen & Saupe 1988, "The Science of Fractal Images", chapter 2. Only the phases are
    random: were the few long waves drawn with their amplitudes, each landscape would have a roughness of its own, and
    one in four be patchier or smoother than real land.

    Args:
        rng: Where the randomness comes from.
        count: Number of fields.
        edge: Cells along each side of the grid.
        exponent: Of the two-dimensional power spectrum, negative (-3.4 for terrain).
        outer_scale_cells: Wavelength beyond which power no longer grows.

    Returns:
        float64 (count, edge, edge), nearly Gaussian, each with mean 0 and standard deviation 1.
    """
    amplitude = _amplitude(edge, exponent, outer_scale_cells)
    waves = np.fft.rfft2(rng.standard_normal((count, edge, edge)))
    fields = np.fft.irfft2(waves / np.abs(waves) * amplitude, s=(edge, edge))
    return np.asarray(fields / fields.std(axis=(1, 2), keepdims=True))


@lru_cache(maxsize=8)
def _amplitude(edge: int, exponent: float, outer_scale_cells: float) -> npt.NDArray[np.float64]:
    rows, columns = np.fft.fftfreq(edge)[:, None], np.fft.rfftfreq(edge)[None, :]
    power = (rows**2 + columns**2 + outer_scale_cells**-2) ** (exponent / 2)
    power[0, 0] = 0.0
    return np.sqrt(power)
