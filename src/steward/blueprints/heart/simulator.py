"""What would the patients of a hospital look like? Made-up rows in UCI's own columns.

A stand-in for a machine without the data, never evidence: shares and means follow the Cleveland, Hungarian and
VA files as published. Who is ill is drawn first, then each examination given that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import polars as pl
from numpy.typing import NDArray

SCENARIOS: Mapping[str, str] = {
    "none": "an ordinary hospital, like the one its name says",
    "sicker": "three of four patients are ill, as at a veterans' hospital",
    "no_fluoroscopy": "vessels, thallium and slope are hardly ever recorded",
}

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Hospital:
    """Share of the ill and of men, mean age in years, and the share of examinations that were not done."""

    ill: float = 0.459
    male: float = 0.68
    age: float = 54.4
    not_done: float = 0.01


_HOSPITALS: Mapping[str, _Hospital] = {
    "hungarian": _Hospital(0.361, 0.72, 47.8, 0.9),
    "va": _Hospital(0.745, 0.97, 59.4, 0.8),
}


def simulate(period: object, rows: int, seed: int, scenario: str) -> pl.DataFrame:
    """Return some patients of the hospital that the period names."""
    hospital = _HOSPITALS.get(str(period), _Hospital())
    if scenario == "sicker":
        hospital = _Hospital(0.75, hospital.male, hospital.age + 4, hospital.not_done)
    if scenario == "no_fluoroscopy":
        hospital = _Hospital(hospital.ill, hospital.male, hospital.age, 0.95)
    luck = np.random.default_rng([seed, crc32(str(period).encode())])
    ill = luck.random(rows) < hospital.ill
    patients = {"age": np.round(luck.normal(np.where(ill, hospital.age + 2, hospital.age - 2), 9).clip(28, 78))}
    patients |= {"sex": (luck.random(rows) < np.where(ill, min(hospital.male + 0.12, 1), hospital.male - 0.1)).astype(float)}
    patients |= _examined(luck, ill, patients["age"])
    table = pl.DataFrame(patients)
    undone = luck.random((rows, 3)) < hospital.not_done
    late = [pl.when(~pl.Series(undone[:, i])).then(pl.col(name)).alias(name) for i, name in enumerate(("slope", "ca", "thal"))]
    severity = np.where(ill, luck.integers(1, 5, rows), 0)
    return table.with_columns(late).with_columns(pl.Series("num", severity))


def _examined(luck: np.random.Generator, ill: NDArray[np.bool_], age: Floats) -> dict[str, Floats]:
    def coded(codes: list[int], healthy: list[float], sick: list[float]) -> Floats:
        place = luck.random(len(ill))[:, None] > np.where(ill[:, None], np.cumsum(sick), np.cumsum(healthy))
        drawn: Floats = np.array(codes, dtype=float)[place.sum(axis=1).clip(0, len(codes) - 1)]
        return drawn

    def measured(healthy: float, sick: float, spread: float, low: float, high: float) -> Floats:
        return luck.normal(np.where(ill, sick, healthy), spread).clip(low, high).round()

    return {
        "cp": coded([1, 2, 3, 4], [0.10, 0.25, 0.41, 0.24], [0.05, 0.06, 0.13, 0.76]),
        "trestbps": measured(129, 134, 17, 94, 200),
        "chol": measured(243, 251, 50, 126, 564),
        "fbs": coded([0, 1], [0.86, 0.14], [0.84, 0.16]),
        "restecg": coded([0, 1, 2], [0.58, 0.01, 0.41], [0.40, 0.02, 0.58]),
        "thalach": (measured(158, 139, 20, 71, 202) - (age - 54) * 0.6).clip(71, 202).round(),
        "exang": coded([0, 1], [0.86, 0.14], [0.45, 0.55]),
        "oldpeak": luck.exponential(np.where(ill, 1.57, 0.59)).clip(0, 6.2).round(1),
        "slope": coded([1, 2, 3], [0.65, 0.30, 0.05], [0.26, 0.65, 0.09]),
        "ca": coded([0, 1, 2, 3], [0.80, 0.13, 0.05, 0.02], [0.33, 0.32, 0.22, 0.13]),
        "thal": coded([3, 6, 7], [0.79, 0.04, 0.17], [0.27, 0.09, 0.64]),
    }
