"""The checks on months as they were published."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import TypeAdapter

from steward.data.assemble import read_rows
from steward.data.locate import Remote, gather
from steward.flows.program import rule_program
from steward.project.read import read_project
from steward.project.rules import CheckSpec
from steward.quality.checks import run_checks

CHECKS: TypeAdapter[tuple[CheckSpec, ...]] = TypeAdapter(tuple[CheckSpec, ...])


@pytest.fixture(scope="module")
def october(data: Path) -> pl.DataFrame:
    taxi = read_project("taxi")
    files = gather(taxi.spec.source, ("2020-10",), data, Remote()).files
    return rule_program(taxi).run(read_rows(files, taxi.spec.source, taxi.dictionary).frame)


def found(frame: pl.DataFrame, declared: dict[str, Any]) -> Any:
    (finding,) = run_checks(frame, CHECKS.validate_python([declared])).findings
    return finding


def test_the_null_block_of_october_is_one_finding_and_its_rows_stay(october: pl.DataFrame) -> None:
    checked = run_checks(october, CHECKS.validate_python([{"kind": "null_together"}]))
    (block,) = checked.findings
    together = {"vendor", "store_and_fwd", "rate_code", "passengers", "payment_type", "trip_type", "congestion_usd"}
    assert set(block.columns) == together
    assert (block.action, block.share) == ("warn", pytest.approx(0.447, abs=0.0005))
    assert block.text.endswith("always empty, and part of no group: ehail_fee_usd, airport_fee_usd")
    assert checked.kept is october


def test_outliers_of_october_are_those_that_the_formulas_give(october: pl.DataFrame) -> None:
    fares = october["fare_usd"].drop_nulls().sort()
    place = 0.25 * (len(fares) - 1)
    first, third = (fares[int(at)] + (at - int(at)) * (fares[int(at) + 1] - fares[int(at)]) for at in (place, 3 * place))
    far = fares.filter((fares < first - 1.5 * (third - first)) | (fares > third + 1.5 * (third - first)))
    assert found(october, {"kind": "iqr", "column": "fare_usd"}).rows == len(far) > 0
    mean = sum(fares.to_list()) / len(fares)
    variance = sum((fare - mean) ** 2 for fare in fares.to_list()) / (len(fares) - 1)
    scores = ((fares - mean) / variance**0.5).abs()
    assert found(october, {"kind": "zscore", "column": "fare_usd"}).rows == int((scores > 3).sum()) > 0


def test_a_fare_and_its_correction_are_the_same_trip_with_two_fares(october: pl.DataFrame) -> None:
    keys = ["pickup_at", "dropoff_at", "pickup_zone"]
    finding = found(october, {"kind": "conflict", "key": keys, "column": "fare_usd", "action": "warn"})
    assert finding.rows == 368
    assert "fare_usd -5.5" in finding.text
