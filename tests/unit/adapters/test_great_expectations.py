"""Great Expectations and our own checks on the same rows: one verdict, one count, check by check."""

import json
import re
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import TypeAdapter

from steward.adapters import great_expectations as adapter
from steward.adapters.great_expectations import run_suite, suite_json
from steward.core.errors import EnvironmentFault
from steward.core.period import Period
from steward.data.assemble import read_rows
from steward.data.locate import Remote, gather
from steward.data.simulate import load_simulator
from steward.flows.program import rule_program
from steward.project.read import Project, read_project
from steward.project.rules import CheckSpec
from steward.quality.expected import Expectations, SuiteRun, dictionary_checks, expect

CHECKS: TypeAdapter[tuple[CheckSpec, ...]] = TypeAdapter(tuple[CheckSpec, ...])

# One check at least of each kind, some that hold and some that do not.
MORE: list[dict[str, Any]] = [
    {"kind": "null_together"},
    {"kind": "iqr", "column": "fare_usd"},
    {"kind": "iqr", "column": "passengers", "factor": 3},
    {"kind": "zscore", "column": "fare_usd"},
    {"kind": "zscore", "column": "ehail_fee_usd"},
    {"kind": "rule", "rule": "dropoff_at >= pickup_at"},
    {"kind": "rule", "rule": "pickup_at < dropoff_at"},
    {"kind": "rule", "rule": "dropoff_at - pickup_at < hours(10)"},
    {"kind": "allowed", "column": "store_and_fwd", "values": ["N"]},
    {"kind": "allowed", "column": "vendor", "values": ["x", 2]},
    {"kind": "fresh", "column": "pickup_at", "max_age_days": 3},
    {"kind": "fresh", "column": "pickup_at", "max_age_days": 1e-9, "name": "impossibly fresh"},
    {"kind": "constant", "column": "ehail_fee_usd"},
    {"kind": "constant", "column": "vendor"},
    {"kind": "matches", "column": "store_and_fwd", "pattern": "(N)"},
    {"kind": "spelling", "column": "store_and_fwd"},
    {"kind": "conflict", "key": ["pickup_at", "dropoff_at", "pickup_zone"], "column": "fare_usd"},
    {"kind": "schema", "columns": {"fare_usd": "number", "vendor": "text", "nothing": "text"}, "others": False},
    {"kind": "unique", "columns": ["pickup_at"]},
    {"kind": "unique", "columns": ["passengers"], "name": "with empty cells"},
]
CARRIED = {
    "null_together",
    "rule dropoff_at - pickup_at < hours(10)",
    "spelling store_and_fwd",
    "conflict fare_usd",
    "with empty cells",
    "zscore ehail_fee_usd",  # always empty
}


@pytest.fixture(scope="module")
def taxi() -> Project:
    return read_project("taxi")


def compare(taxi: Project, frame: pl.DataFrame, folder: Path) -> tuple[Expectations, SuiteRun]:
    rows = rule_program(taxi).run(frame)
    checks = (*taxi.spec.checks, *CHECKS.validate_python(MORE), *dictionary_checks(taxi.dictionary))
    expectations = expect(rows, checks)
    return expectations, run_suite("taxi", expectations, folder)


def disagreements(expectations: Expectations, run: SuiteRun) -> list[tuple[str, object, object]]:
    both = zip(expectations.each, run.answers, strict=True)
    return [
        (ours.name, (ours.holds, ours.rows), theirs)
        for ours, theirs in both
        if (ours.holds, ours.rows) != (theirs.holds, theirs.rows)
    ]


@pytest.mark.parametrize("month", ["2020-10", "2023-01", "2024-01"])
def test_both_say_the_same_of_a_real_month(taxi: Project, data: Path, tmp_path: Path, month: str) -> None:
    files = gather(taxi.spec.source, (month,), data, Remote()).files
    expectations, run = compare(taxi, read_rows(files, taxi.spec.source, taxi.dictionary).frame, tmp_path)
    assert disagreements(expectations, run) == []
    assert len({one.check.kind for one in expectations.each}) == 16
    assert {one.holds for one in expectations.each} == {True, False}


@pytest.fixture(scope="module")
def simulated(taxi: Project, tmp_path_factory: pytest.TempPathFactory) -> tuple[Expectations, SuiteRun]:
    assert taxi.simulator_path is not None
    simulator = load_simulator(taxi.simulator_path)
    folder = tmp_path_factory.mktemp("simulated")
    months = []
    for label in ("2023-01", "2023-02"):
        simulator.simulate(Period.parse(label), 2000, 7, "none").write_parquet(folder / f"green_tripdata_{label}.parquet")
        months.append(label)
    files = gather(taxi.spec.source, months, folder, Remote()).files
    return compare(taxi, read_rows(files, taxi.spec.source, taxi.dictionary).frame, folder / "expectations")


def test_both_say_the_same_of_two_simulated_months(simulated: tuple[Expectations, SuiteRun]) -> None:
    assert disagreements(*simulated) == []


def test_what_a_computed_column_carries_is_said_to_be(simulated: tuple[Expectations, SuiteRun]) -> None:
    expectations, run = simulated
    carried = {ours.name for ours, theirs in zip(expectations.each, run.answers, strict=True) if theirs.carried}
    assert carried <= CARRIED
    assert {"null_together", "conflict fare_usd"} <= carried
    for expectation in json.loads(run.suite.read_text())["expectations"]:
        noted = any("carried by a computed column" in line for line in expectation["meta"]["notes"]["content"])
        assert (
            noted
            == expectation["meta"]["steward"]["carried"]
            == str(expectation["kwargs"].get("column", "")).startswith("steward ")
        )


def test_the_suite_is_what_great_expectations_reads_and_the_same_each_time(simulated: tuple[Expectations, SuiteRun]) -> None:
    import great_expectations as gx

    expectations, run = simulated
    written = json.loads(run.suite.read_text())
    assert written == suite_json("taxi", expectations)
    assert run.suite.name == "taxi.json"
    read = gx.ExpectationSuite(name=written["name"], expectations=written["expectations"])
    assert len(read.expectations) == len(written["expectations"]) > len(run.answers)
    severities = {one["meta"]["steward"]["action"]: one["severity"] for one in written["expectations"]}
    assert severities == {"warn": "info", "quarantine": "warning", "stop": "critical"}


def test_the_pages_need_nothing_from_elsewhere_and_all_links_lead_somewhere(simulated: tuple[Expectations, SuiteRun]) -> None:
    first = simulated[1].pages
    pages = sorted(first.parent.rglob("*.html"))
    assert len(pages) == 3
    links = re.findall(r'href="([^"#]+)"', first.read_text())
    assert all((first.parent / link).is_file() for link in links)
    for page in pages:
        text = page.read_text()
        assert not re.search(r'src="https?:|<link[^>]*href="https?:|<script|url\([^)]*https?:', text)
        assert "steward.css" in text
    assert any("unexpected" in page.read_text() for page in pages)


def test_a_second_run_replaces_the_pages_of_the_first(tmp_path: Path) -> None:
    start = datetime(2023, 1, 1)  # noqa: DTZ001 - wall clock
    rows = pl.DataFrame(
        {"at": [start + timedelta(hours=hour) for hour in range(5)], "x": [1, 2, 3, None, 9], "period": ["2023-01"] * 5}
    )
    checks = CHECKS.validate_python([{"kind": "range", "column": "x", "max": 5}, {"kind": "in_period", "column": "at"}])
    for frame in (rows, rows.head(3)):
        run = run_suite("small", expect(frame, checks), tmp_path)
        answers = [(answer.holds, answer.rows) for answer in run.answers]
    assert answers == [(True, 0), (True, 0)]
    assert len(list(run.pages.parent.rglob("validations/**/*.html"))) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data_docs", "small.json"]
    assert sorted(path.name for path in (tmp_path / "data_docs").iterdir()) == ["small"]


def test_odd_numbers_and_empty_columns_are_counted_alike(tmp_path: Path) -> None:
    big = 2**53
    rows = pl.DataFrame(
        {
            "n": [big, big + 1, None, -big],
            "x": [float("nan"), None, 1.5, -0.0],
            "t": ["a\n", "a", None, "é"],
            "b": [True, None, False, True],
            "none": pl.Series([None] * 4, dtype=pl.Int64),
        }
    )
    declared = [
        {"kind": "unique", "columns": ["n"]},
        {"kind": "unique", "columns": ["n", "b"]},
        {"kind": "allowed", "column": "n", "values": [big + 1]},
        {"kind": "not_null", "columns": ["n", "x", "t", "b", "none"]},
        {"kind": "range", "column": "x", "min": 0},
        {"kind": "range", "column": "none", "min": 0},
        {"kind": "matches", "column": "t", "pattern": r"\w"},
        {"kind": "null_share", "column": "x", "max": 0.5},
        {"kind": "null_share", "column": "x", "max": 0.49},
        {"kind": "iqr", "column": "none"},
        {"kind": "iqr", "column": "x"},
        {"kind": "zscore", "column": "none"},
        {"kind": "constant", "column": "none"},
        {"kind": "constant", "column": "b"},
        {"kind": "rule", "rule": "n > none"},
        {
            "kind": "schema",
            "columns": {"n": "integer", "x": "number", "t": "text", "b": "boolean", "none": "integer"},
            "others": False,
        },
        {"kind": "schema", "columns": {"n": "number"}, "name": "other types"},
        {"kind": "schema", "columns": {"t": "integer", "b": "text"}, "name": "still others"},
    ]
    expectations = expect(rows, CHECKS.validate_python(declared))
    run = run_suite("odd", expectations, tmp_path)
    assert disagreements(expectations, run) == []


def test_without_it_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(adapter, "find_spec", lambda _: None)
    expectations = expect(pl.DataFrame({"x": [1]}), CHECKS.validate_python([{"kind": "range", "column": "x", "max": 5}]))
    with pytest.raises(EnvironmentFault, match=r"pip install 'steward\[quality\]'"):
        run_suite("small", expectations, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_of_it_is_loaded_before_it_is_asked() -> None:
    code = "import sys, steward.adapters.great_expectations; print({'great_expectations', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
