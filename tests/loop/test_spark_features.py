"""The same feature functions on Spark: values as Polars makes them, to 1e-12 of themselves."""

import os
import shutil
import sys
from collections.abc import Iterator
from math import isclose, isnan
from typing import Any

import narwhals as nw
import polars as pl
import pytest

from steward.features.program import Program
from tests.feature_cases import CASES, case
from tests.random_rows import random_rows

pytestmark = [pytest.mark.loop, pytest.mark.filterwarnings("ignore")]  # what Spark's own code warns of is its own

ROWS = 10_000


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    absent = "java" if shutil.which("java") is None else "" if _has_pyspark() else "pyspark"
    if absent:
        reason = (
            f"{absent} is not installed; as root:  make services" if absent == "java" else "pip install 'pyspark[connect]>=4,<5'"
        )
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    from pyspark.sql import SparkSession

    names = ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, sys.executable))
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
    }
    session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    yield session
    session.stop()
    for name, value in before.items():
        os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def _has_pyspark() -> bool:
    from importlib.util import find_spec

    return find_spec("pyspark") is not None


@pytest.mark.parametrize("name", CASES)
def test_spark_makes_the_same_of_ten_thousand_rows(spark: Any, name: str) -> None:
    it = case(name)
    rows = random_rows({c: it.schema[c] for c in it.program.inputs}, ROWS, seed=13, extreme=False, codes=it.codes)
    rows = rows.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    made = it.program.run_narwhals(nw.from_native(spark.createDataFrame(rows.to_arrow(compat_level=pl.CompatLevel.oldest()))))
    of_spark = pl.from_arrow(made.to_native().orderBy("row").toArrow())
    assert isinstance(of_spark, pl.DataFrame)
    of_polars = it.program.run(rows)
    assert of_spark.height == ROWS
    for column in _names(it.program):
        differ = [
            (place, a, b)
            for place, (a, b) in enumerate(zip(_plain(of_polars[column]), _plain(of_spark[column]), strict=True))
            if not _equal(a, b)
        ]
        assert differ == [], (column, len(differ), differ[:3], rows.row(differ[0][0], named=True))


def _names(program: Program) -> list[str]:
    return [name for stage in program.stages for name in stage]


def _plain(made: pl.Series) -> list[Any]:
    return made.dt.replace_time_zone(None).to_list() if made.dtype.base_type() == pl.Datetime else made.to_list()


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return (isnan(a) and isnan(b)) or isclose(a, b, rel_tol=1e-12, abs_tol=1e-10)
    return bool(a == b) and (a is None) == (b is None)
