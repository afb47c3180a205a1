"""What would the road users of a year look like? Made-up rows in the joined sample's own columns.

A stand-in for a machine without the data, never evidence: shares follow the samples of 2005 to 2018 as published.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from steward.core.period import Period

SCENARIOS: Mapping[str, str] = {
    "none": "an ordinary year, with the habits of its time",
    "width_missing": "the width of the road is hardly ever recorded any more",
    "label_change": "fewer of the hurt count as taken to hospital, as from 2018 on",
    "scooters": "scooters take the place of cars in a third of the accidents",
}

Floats = NDArray[np.float64]

_VEHICLES = np.array([7, 33, 10, 2, 1, 30, 31, 32, 34, 14, 37])
_VEHICLE_SHARES = np.array([0.60, 0.08, 0.06, 0.05, 0.05, 0.05, 0.03, 0.03, 0.03, 0.01, 0.01])
_TWO_WHEELS = (1, 2, 30, 31, 32, 33, 34)
_SCOOTERS = (30, 32, 34)
_HOURS = np.array([2, 2, 1.5, 1, 1, 1.5, 2.5, 4, 6, 5, 4.5, 5, 5.5, 5, 5.5, 6, 7, 8.5, 8, 6.5, 4.5, 3.5, 3, 2.5])
_SINCE = 2005


def simulate(period: Period, rows: int, seed: int, scenario: str) -> pl.DataFrame:
    """Return some road users of a year."""
    luck = np.random.default_rng([seed, period.year])
    years_on = period.year - _SINCE
    accident = np.arange(rows) // 2  # two road users each, who share time, place and weather
    accidents = (rows + 1) // 2

    def shared(values: NDArray[Any]) -> NDArray[Any]:
        return values[accident]

    vehicle = luck.choice(_VEHICLES, rows, p=_VEHICLE_SHARES)
    if scenario == "scooters":
        vehicle = np.where((vehicle == 7) & (luck.random(rows) < 0.5), luck.choice(_SCOOTERS, rows), vehicle)
    user = np.where(luck.random(rows) < 0.08, 3, np.where(luck.random(rows) < 0.2, 2, 1))
    age = luck.gamma(4.5, (36 + 0.18 * years_on) / 4.5, rows).clip(1, 95).astype(int)
    built_up = shared(np.where(luck.random(accidents) < 0.66, 2, 1))
    hour = shared(luck.choice(24, accidents, p=_HOURS / _HOURS.sum()))
    dark = shared(luck.choice([2, 3, 5], accidents, p=[0.2, 0.3, 0.5]))
    severe = _severity(luck, vehicle, user, age, built_up, hour)
    if scenario == "label_change" or period.year >= 2018:
        severe = np.where((severe == 3) & (luck.random(rows) < 0.2), 1, severe)
    unknown_width = 0.95 if scenario == "width_missing" else min(0.9, 0.15 + 0.027 * years_on + 0.2 * (period.year >= 2018))
    return pl.DataFrame(
        {
            "num_acc": period.year * 100_000_000 + accident,
            "mois": shared(luck.integers(1, 13, accidents)),
            "jour": shared(luck.integers(1, 29, accidents)),
            "lum": np.where((hour > 6) & (hour < 20), 1, dark),
            "agg": built_up,
            "int": shared(luck.choice([1, 2, 3, 4, 6], accidents, p=[0.70, 0.12, 0.11, 0.02, 0.05])),
            "atm": shared(luck.choice([1, 2, 3, 5, 8], accidents, p=[0.81, 0.11, 0.02, 0.01, 0.05])).astype(float),
            "col": shared(luck.choice([1, 2, 3, 4, 6, 7], accidents, p=[0.11, 0.13, 0.33, 0.04, 0.27, 0.12])).astype(float),
            "com": shared(luck.integers(1, 500, accidents)),
            "dep": shared(luck.choice([750, 590, 130, 690, 330, 920, 310, 440], accidents)),
            "hr": hour,
            "mn": shared(luck.integers(0, 12, accidents) * 5),
            "catv": vehicle,
            "choc": luck.choice([1, 2, 3, 4, 7, 8], rows, p=[0.45, 0.14, 0.14, 0.13, 0.07, 0.07]).astype(float),
            "manv": luck.choice([1, 2, 13, 15, 17], rows, p=[0.55, 0.17, 0.08, 0.12, 0.08]).astype(float),
            "num_veh": np.where(np.arange(rows) % 2 == 0, "A01", "B02"),
            "place": np.where(user == 1, 1, luck.integers(2, 6, rows)),
            "catu": user,
            "grav": severe,
            "sexe": np.where(luck.random(rows) < 0.68, 1, 2),
            "trajet": luck.choice([0, 1, 2, 4, 5, 9], rows, p=[0.2, 0.14, 0.03, 0.1, 0.4, 0.13]).astype(float),
            "an_nais": np.where(luck.random(rows) < 0.002, 0, period.year - age),
            "annee": np.full(rows, period.year),
            "catr": shared(luck.choice([1, 2, 3, 4], accidents, p=[0.1, 0.08, 0.37, 0.45])),
            "circ": shared(luck.choice([0, 1, 2, 3], accidents, p=[0.04, 0.17, 0.65, 0.14])).astype(float),
            "nbv": shared(luck.choice([0, 1, 2, 3, 4], accidents, p=[0.1, 0.1, 0.6, 0.08, 0.12])),
            "prof": shared(luck.choice([0, 1, 2], accidents, p=[0.05, 0.77, 0.18])).astype(float),
            "plan": shared(luck.choice([0, 1, 2, 3], accidents, p=[0.05, 0.77, 0.09, 0.09])).astype(float),
            "lartpc": shared(np.where(luck.random(accidents) < 0.83, 0, luck.integers(5, 60, accidents))),
            "larrout": shared(np.where(luck.random(accidents) < unknown_width, 0, luck.integers(40, 150, accidents))),
            "surf": shared(luck.choice([0, 1, 2], accidents, p=[0.03, 0.78, 0.19])).astype(float),
            "situ": shared(luck.choice([0, 1, 3, 4], accidents, p=[0.04, 0.88, 0.05, 0.03])).astype(float),
        }
    )


def _severity(
    luck: np.random.Generator,
    vehicle: NDArray[np.int64],
    user: NDArray[np.int64],
    age: NDArray[np.int64],
    built_up: NDArray[np.int64],
    hour: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return 1, 2 or 3 as the sample has it; worse on two wheels, on foot, with age, outside towns and at night."""
    risk = -2.3 + 1.1 * np.isin(vehicle, _TWO_WHEELS) + 1.0 * (user == 3) + 0.012 * (age - 37) + 0.9 * (built_up == 1)
    risk = risk + 0.3 * ((hour < 6) | (hour > 21))
    hurt = luck.random(len(risk)) < 1 / (1 + np.exp(-risk))
    killed = luck.random(len(risk)) < 0.07 + 0.08 * (built_up == 1)
    return np.where(hurt, np.where(killed, 2, 3), 1)
