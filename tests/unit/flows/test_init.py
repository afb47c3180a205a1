from pathlib import Path

import numpy as np
import polars as pl
import pytest

from steward.core.errors import UsageError
from steward.flows.init import copy_blueprint, init_project
from steward.project.read import check_project, read_project

ROWS = 300


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """A shop's orders: an id, a time, a word, numbers with holes, and what they cost."""
    luck = np.random.default_rng(7)
    frame = pl.DataFrame(
        {
            "order_id": np.arange(1000, 1000 + ROWS),
            "ordered at": np.sort(luck.integers(0, 120, ROWS)),
            "colour": luck.choice(["red", "green"], ROWS),
            "weight": luck.random(ROWS) * 10,
            "note": [f"note {i % 200}" for i in range(ROWS)],
        }
    )
    frame = frame.with_columns((pl.date(2023, 1, 1) + pl.duration(days=pl.col("ordered at"))).cast(pl.String).alias("ordered at"))
    frame = frame.with_columns((pl.col("weight") * 3 + 1).alias("cost"), pl.when(pl.col("weight") > 1).then(pl.col("weight")))
    path = tmp_path / "shop" / "orders.csv"
    path.parent.mkdir()
    frame.write_csv(path)
    return path


def test_a_table_becomes_a_project_without_faults(orders: Path, tmp_path: Path) -> None:
    drafted = init_project(orders, "cost", tmp_path / "made")
    assert check_project(tmp_path / "made") == []
    spec = read_project(tmp_path / "made").spec
    assert (spec.name, spec.task, spec.target, spec.time) == ("orders", "regression", "cost", "ordered_at")
    assert spec.features == ("ordered_at_weekday", "ordered_at_month", "colour_code", "weight")
    assert spec.split.train == ("2023-01", "2023-02", "2023-03", "2023-04")
    assert (spec.source.folder, spec.source.files, spec.source.period_column) == ("../shop", ("orders.csv",), "ordered_at")
    assert set(drafted.left_out) == {"order_id: it identifies a row", "note: 200 different texts"}
    kinds = {(check.kind, *check.reads()) for check in spec.checks}
    assert {("unique", "order_id"), ("allowed", "colour"), ("range", "weight"), ("null_share", "weight")} <= kinds


@pytest.mark.parametrize(("target", "task"), [("colour", "binary"), ("weight", "regression")])
def test_the_task_follows_from_the_target(orders: Path, tmp_path: Path, target: str, task: str) -> None:
    assert init_project(orders, target, tmp_path / "made").task == task


def test_rows_without_a_time_are_one_named_part(orders: Path, tmp_path: Path) -> None:
    path = orders.with_name("plain.parquet")
    pl.read_csv(orders).drop("ordered at").write_parquet(path)
    init_project(path, "cost", tmp_path / "made")
    spec = read_project(tmp_path / "made").spec
    assert (spec.time, spec.source.files, spec.split.train) == (None, ("{period}.parquet",), ("plain",))


@pytest.mark.parametrize(
    ("target", "code", "hint"),
    [
        ("costs", "INIT-002", "did you mean 'cost'"),
        ("note", "INIT-002", "neither a number nor a class"),
        ("ordered at", "INIT-002", "neither"),
    ],
)
def test_what_cannot_be_predicted_is_refused(orders: Path, tmp_path: Path, target: str, code: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint) as caught:
        init_project(orders, target, tmp_path / "made")
    assert caught.value.faults[0].code == code
    assert not (tmp_path / "made").exists()


def test_a_project_is_never_written_over(orders: Path, tmp_path: Path) -> None:
    copy_blueprint("taxi", tmp_path / "made")
    assert check_project(tmp_path / "made") == []
    with pytest.raises(UsageError, match="there is a project already"):
        init_project(orders, "cost", tmp_path / "made")
