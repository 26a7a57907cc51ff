"""Fuel beds: how fire spreads in them without wind or slope, and how they answer to both (Rothermel's model).

Sources, cited by equation below: Rothermel 1972 (INT-115), Albini 1976 (INT-30, with the FIREMOD report's size
classes), Andrews 2018 (RMRS-GTR-371) for the model as it is used today.

The equations keep the units they were fitted in (ft, lb, Btu, min); what comes out is metric.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.fuel_models import fuel_models

__all__ = ["FEET_PER_METRE", "BaseFire", "base_fire"]

FloatArray = npt.NDArray[np.float64]

FEET_PER_METRE = 3.281
"""As rounded in the reference library: the exact 3.28084 would shift rates by 1e-4."""

KW_M_PER_BTU_FT_S = 3.46165186
KJ_KG_PER_BTU_LB = 2.3259999996185
PARTICLE_DENSITY_LB_FT3 = 32.0
TOTAL_MINERALS = 0.0555
EFFECTIVE_MINERALS = 0.01
_SIZE_CLASS_EDGES = (16.0, 48.0, 96.0, 192.0, 1200.0)  # Albini 1976 (FIREMOD), p. 20: ft2/ft3
_DEAD, _LIVE = slice(0, 4), slice(4, 6)


@dataclass(frozen=True, eq=False)
class BaseFire:
    """What a fuel bed does without wind or slope, and how it answers to them; every field float64 (N,).

    Attributes:
        spread_rate_m_min: No-wind, no-slope rate of spread.
        intensity_kw_m: Fireline intensity at that rate.
        wind_limit_m_min: Effective wind speed beyond which the rate grows no more (0.9 I_R).
        slope_factor: phi_s divided by the squared tangent of the slope.
        wind_factor: phi_w at a midflame wind of 1 m/min.
        wind_exponent: B, the exponent of the midflame wind in phi_w.
        depth_ft: Fuel bed depth.
        heat_kj_kg: Low heat content.
    """

    spread_rate_m_min: FloatArray
    intensity_kw_m: FloatArray
    wind_limit_m_min: FloatArray
    slope_factor: FloatArray
    wind_factor: FloatArray
    wind_exponent: FloatArray
    depth_ft: FloatArray
    heat_kj_kg: FloatArray

    def take(self, rows: npt.NDArray[np.int64]) -> BaseFire:
        """The same fields at `rows`: from one row per fuel model to one per cell."""
        return BaseFire(*(getattr(self, f.name)[rows] for f in fields(self)))


@dataclass(frozen=True, eq=False)
class _FuelBed:
    """One fuel bed per row after load transfer: loads, moistures and weights per size class, all (N, 6)."""

    load: FloatArray
    moisture: FloatArray
    savr: FloatArray
    class_weight: FloatArray  # f_ij
    category_weight: FloatArray  # f_i, (N, 2)
    net_weight: FloatArray  # g_ij
    depth: FloatArray
    dead_extinction: FloatArray
    heat: FloatArray

    @property
    def mean_savr(self) -> FloatArray:
        per_class = self.class_weight * self.savr
        mean: FloatArray = np.sum(self.category_weight * _by_category(per_class), axis=1)
        return mean

    @property
    def packing_ratio(self) -> FloatArray:
        ratio: FloatArray = self.load.sum(axis=1) / PARTICLE_DENSITY_LB_FT3 / self.depth
        return ratio


def base_fire(fuel_model: npt.ArrayLike, moisture: npt.ArrayLike) -> BaseFire:
    """No-wind, no-slope behaviour of fuel beds, and their answer to wind and slope.

    Args:
        fuel_model: int (N,), burnable FBFM13 or FBFM40 codes.
        moisture: float (N, 5), fractions: 1 h, 10 h, 100 h, live herbaceous, live woody.

    Returns:
        One value per row in each field.
    """
    bed = _fuel_bed(np.asarray(fuel_model), np.asarray(moisture, np.float64))
    savr, packing = bed.mean_savr, bed.packing_ratio
    relative_packing = packing / (3.348 * savr**-0.8189)  # Rothermel 1972, eq. 37
    reaction_intensity = _reaction_intensity(bed, savr, relative_packing)  # Btu/ft2/min
    flux_ratio = np.exp((0.792 + 0.681 * np.sqrt(savr)) * (packing + 0.1)) / (192.0 + 0.2595 * savr)  # eq. 42
    rate_ft_min = reaction_intensity * flux_ratio / _heat_sink(bed)  # eq. 52
    residence_min = 384.0 / savr  # Anderson 1969
    exponent = 0.02526 * savr**0.54  # eq. 49
    c = 7.47 * np.exp(-0.133 * savr**0.55)  # eq. 48
    e = 0.715 * np.exp(-3.59e-4 * savr)  # eq. 50
    return BaseFire(
        spread_rate_m_min=rate_ft_min / FEET_PER_METRE,
        intensity_kw_m=reaction_intensity * rate_ft_min * residence_min / 60.0 * KW_M_PER_BTU_FT_S,
        wind_limit_m_min=0.9 * reaction_intensity / FEET_PER_METRE,  # eq. 86
        slope_factor=5.275 * packing**-0.3,  # eq. 51
        wind_factor=c * relative_packing**-e * FEET_PER_METRE**exponent,  # eq. 47
        wind_exponent=exponent,
        depth_ft=bed.depth,
        heat_kj_kg=bed.heat * KJ_KG_PER_BTU_LB,
    )


def _fuel_bed(code: npt.NDArray[np.int64], moisture: FloatArray) -> _FuelBed:
    """Loads after dynamic transfer, moistures per size class, and the weights of Rothermel 1972 eqs. 53-59."""
    table = fuel_models()
    row = table.row_of_code[code]
    dynamic = table.is_dynamic[row]
    load = table.load_lb_ft2[row].copy()
    # Scott and Burgan 2005, p. 5: fully cured at 30 % herbaceous moisture, fully green at 120 %
    green = np.where(dynamic, np.clip(moisture[:, 3] / 0.9 - 1.0 / 3.0, 0.0, 1.0), 1.0)
    load[:, 3] = load[:, 4] * (1.0 - green)
    load[:, 4] *= green
    savr = table.savr_ft2_ft3[row]
    area = savr * load / PARTICLE_DENSITY_LB_FT3
    area_by_category = _by_category(area)
    class_weight = _divide(area, np.repeat(area_by_category, (4, 2), axis=1))
    return _FuelBed(
        load=load,
        moisture=np.stack(
            [moisture[:, 0], moisture[:, 1], moisture[:, 2], moisture[:, 0], *moisture[:, 3:].T], axis=1
        ),
        savr=savr,
        class_weight=class_weight,
        category_weight=_divide(area_by_category, area_by_category.sum(axis=1, keepdims=True)),
        net_weight=_net_weight(class_weight, savr),
        depth=table.depth_ft[row],
        dead_extinction=table.dead_extinction_moisture[row],
        heat=table.heat_content_btu_lb[row],
    )


def _net_weight(class_weight: FloatArray, savr: FloatArray) -> FloatArray:
    """g_ij: classes of like surface-area-to-volume ratio share their weight (Albini 1976, FIREMOD, p. 20)."""
    size_class = np.digitize(savr, _SIZE_CLASS_EDGES)
    same = size_class[:, :, None] == size_class[:, None, :]
    same[:, _DEAD, _LIVE] = same[:, _LIVE, _DEAD] = False
    shared: FloatArray = np.einsum("nij,nj->ni", same.astype(np.float64), class_weight)
    return shared


def _reaction_intensity(bed: _FuelBed, savr: FloatArray, relative_packing: FloatArray) -> FloatArray:
    """Btu/ft2/min (Rothermel 1972, eqs. 27-39, Albini's A)."""
    a = 133.0 * savr**-0.7913
    fastest = savr**1.5 / (495.0 + 0.0594 * savr**1.5)
    velocity = fastest * relative_packing**a * np.exp(a * (1.0 - relative_packing))
    net_load = _by_category(bed.net_weight * bed.load) * (1.0 - TOTAL_MINERALS)
    mineral_damping = 0.174 * EFFECTIVE_MINERALS**-0.19
    burning_load: FloatArray = np.sum(net_load * _moisture_damping(bed), axis=1)
    intensity: FloatArray = velocity * bed.heat * mineral_damping * burning_load
    return intensity


def _moisture_damping(bed: _FuelBed) -> FloatArray:
    """eta_M of the dead and the live fuel, (N, 2) (Rothermel 1972, eq. 29); 0 at and beyond extinction."""
    moisture = _by_category(bed.class_weight * bed.moisture)
    extinction = np.stack([bed.dead_extinction, _live_extinction(bed)], axis=1)
    ratio = np.minimum(moisture / extinction, 1.0)
    return np.maximum(1.0 - 2.59 * ratio + 5.11 * ratio**2 - 3.52 * ratio**3, 0.0)


def _live_extinction(bed: _FuelBed) -> FloatArray:
    """Live moisture of extinction, at least the dead one (Rothermel 1972, eq. 88; Albini 1976, p. 89)."""
    fineness = bed.load * np.exp(_divide(np.array([-138.0] * 4 + [-500.0] * 2), bed.savr)) * (bed.savr > 0.0)
    dead, live = _by_category(fineness).T
    fine_dead_moisture = np.sum((fineness * bed.moisture)[:, _DEAD], axis=1) / dead
    live_extinction = 2.9 * _divide(dead, live) * (1.0 - fine_dead_moisture / bed.dead_extinction) - 0.226
    return np.where(live > 0.0, np.maximum(live_extinction, bed.dead_extinction), bed.dead_extinction)


def _heat_sink(bed: _FuelBed) -> FloatArray:
    """Btu/ft3: heat that brings the fuel ahead to ignition (Rothermel 1972, eqs. 12-14, 77)."""
    heating_number = np.exp(_divide(np.full(6, -138.0), bed.savr)) * (bed.savr > 0.0)
    preignition = 250.0 + 1116.0 * bed.moisture
    per_category = _by_category(bed.class_weight * heating_number * preignition)
    bulk_density = bed.load.sum(axis=1) / bed.depth
    sink: FloatArray = bulk_density * np.sum(bed.category_weight * per_category, axis=1)
    return sink


def _by_category(per_class: FloatArray) -> FloatArray:
    """(N, 6) summed to (N, 2): dead, live."""
    return np.stack([per_class[:, _DEAD].sum(axis=1), per_class[:, _LIVE].sum(axis=1)], axis=1)


def _divide(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """The quotient; 0 where there is nothing to divide by, as an absent fuel class weighs nothing."""
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    return np.divide(numerator, denominator, out=np.zeros(shape), where=denominator > 0.0)
