from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from steward.features.lookup import Lookup
from steward.features.program import Program
from steward.features.source import features_of
from steward.models.zoo import fit
from steward.project.candidates import CandidateSpec, LinearSpec
from steward.project.dictionary import ColumnSpec, DictionarySpec
from steward.registry.bundle import BundleContent, BundleRecord, library_versions, write_bundle

FEATURES = b'''"""Features of a small taxi project."""
from steward.features.column import Column


def pickup_hour(pickup_at: Column) -> Column:
    """Local hour of pickup."""
    return pickup_at.dt.hour()


def north(pickup_lat: Column) -> Column:
    """Degrees north of 40."""
    return pickup_lat - 40
'''
WANTED = ("pickup_zone", "pickup_hour", "north")
DICTIONARY = DictionarySpec(
    columns={
        "pickup_at": ColumnSpec(type="datetime", known_at="request", meaning="start of the trip"),
        "pickup_zone": ColumnSpec(type="integer", known_at="request", meaning="zone of the start"),
        "dropoff_at": ColumnSpec(type="datetime", known_at="outcome", meaning="end of the trip"),
    }
)
ZONES = pl.DataFrame({"LocationID": [1, 2, 3], "lon": [-74.0, -73.9, -73.8], "lat": [40.5, 40.75, 41.0]})
LINEAR = LinearSpec(kind="linear")


def rows(count: int) -> pl.DataFrame:
    start = datetime(2023, 1, 1)  # noqa: DTZ001 - wall clock
    times = [start + timedelta(minutes=37 * step) for step in range(count)]
    zones = [None if step % 11 == 0 else 1 + step % 4 for step in range(count)]
    return pl.DataFrame(
        {"pickup_at": times, "pickup_zone": zones}, schema={"pickup_at": pl.Datetime("us"), "pickup_zone": pl.Int64}
    )


def content(candidate: CandidateSpec = LINEAR, **changes: Any) -> BundleContent:
    lookups = (Lookup("zones_pickup", ZONES, ("LocationID",), ("pickup_zone",), {"pickup_lon": "lon", "pickup_lat": "lat"}),)
    program = Program.build(features_of(FEATURES, "features.py"), WANTED, tuple(DICTIONARY.columns), lookups)
    matrix = program.matrix(rows(400)).to_numpy()
    truth = 10 + np.nan_to_num(matrix[:, 2]) + 0.3 * matrix[:, 1]
    classes = len(changes.get("classes", ()))
    if classes:
        truth = np.digitize(truth, np.quantile(truth, np.arange(1, classes) / classes)).astype(np.float64)
    model = fit(candidate, matrix, truth, names=WANTED, classes=classes)
    made = BundleContent(
        model=model,
        task="regression",
        target="duration_min",
        unit="min",
        features_source=FEATURES,
        wanted=WANTED,
        left_out={"weather": "no lookup gives rain_mm"},
        categories=("pickup_zone",),
        lookups=lookups,
        dictionary=DICTIONARY,
        reference={"sketch": {"rows": 400}},
        provenance={"snapshot": "0" * 64, "origin": "simulated", "run": "r1", "metrics": {"rmse": 5.1}},
        selftest=rows(12),
        expected=model.predict(matrix[:12]),
        libraries=library_versions(),
        classes=changes.get("classes", ()),
    )
    return replace(made, **changes)


@dataclass(frozen=True)
class Written:
    folder: Path
    record: BundleRecord


@pytest.fixture
def make_content() -> Callable[..., BundleContent]:
    return content


@pytest.fixture
def make_rows() -> Callable[[int], pl.DataFrame]:
    return rows


@pytest.fixture
def written(tmp_path: Path) -> Written:
    record = write_bundle(tmp_path / "bundles", content())
    return Written(tmp_path / "bundles" / record.digest, record)
