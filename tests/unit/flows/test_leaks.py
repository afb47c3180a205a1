"""Rows that give the answer away are refused before anything is learned; a written reason lets them pass."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from tests.small_project import open_workspace

from steward.core.errors import UsageError
from steward.flows.run import RunOptions, run

ASKED = {"known_at": "request", "meaning": "what is known when asked"}
COLUMNS = {
    "serial": {"type": "integer", **ASKED},
    "day": {"type": "datetime", **ASKED, "format": "%Y-%m-%d"},
    "size": {"type": "number", **ASKED},
    "weight": {"type": "number", **ASKED},
    "price": {"type": "number", **ASKED},
    "value": {"type": "number", "known_at": "outcome", "meaning": "the target"},
}
FEATURES = '''"""Features."""

from steward.features.column import Column


def doubled(serial: Column) -> Column:
    """Twice the serial."""
    return serial * 2


def priced(price: Column) -> Column:
    """The price, less a bit."""
    return price - 1
'''
PROJECT = {
    "name": "things",
    "task": "regression",
    "target": "value",
    "source": {"files": ["{period}.csv"]},
    "split": {"train": ["all"], "test": [], "validation_share": 0.2, "test_share": 0.2},
    "features": ["size", "weight"],
    "candidates": [{"kind": "mean"}],
}


def honest(rows: int = 400) -> pl.DataFrame:
    luck = np.random.default_rng(11)
    size, weight = luck.normal(size=rows), luck.normal(size=rows)
    value = size + 0.5 * weight + luck.normal(size=rows)
    days = ["2024-01-01"] * rows
    return pl.DataFrame(
        {"serial": range(1, rows + 1), "day": days, "size": size, "weight": weight, "price": value * 3 + 1, "value": value}
    )


Make = Callable[..., Callable[[], Any]]


@pytest.fixture
def things(tmp_path: Path) -> Make:
    """Write a project and its rows; what is returned runs it up to training."""

    def make(frame: pl.DataFrame, columns: dict[str, Any] = COLUMNS, **declared: Any) -> Callable[[], Any]:
        folder = tmp_path / "things"
        folder.mkdir(exist_ok=True)
        (folder / "project.yaml").write_text(yaml.safe_dump({**PROJECT, **declared}))
        (folder / "dictionary.yaml").write_text(yaml.safe_dump({"columns": columns}))
        (folder / "features.py").write_text(FEATURES)
        frame.write_csv(folder / "all.csv")
        ports = open_workspace(tmp_path / "workspace", folder)
        return lambda: run(RunOptions(str(folder), until="train"), ports)

    return make


def refusal(go: Callable[[], Any], code: str) -> str:
    with pytest.raises(UsageError) as caught:
        go()
    assert [fault.code for fault in caught.value.faults] == [code]
    assert caught.value.faults[0].fix
    return str(caught.value)


def test_honest_rows_pass(things: Make) -> None:
    assert things(honest())().result["chosen"] == "mean"


def test_copies_with_serials_of_their_own_are_refused_with_their_number_and_the_rows(things: Make) -> None:
    rows = honest(300)
    copied = pl.concat([rows, rows[::3]]).with_columns(pl.Series("serial", range(1, 401)))
    told = refusal(things(copied), "FEAT-030")
    assert " of 80 test rows (" in told
    assert "are equal (the first is row 0)" in told
    assert "they are equal in price, size, weight: " in told  # neither the serial nor the day, which is always the same
    assert "drop_duplicates, columns: [price, size, weight]" in told


def test_copies_that_contradict_each_other_are_counted(things: Make) -> None:
    rows = honest(200)
    flipped = rows.with_columns(pl.col("value") + 7)
    told = refusal(things(pl.concat([rows, flipped])), "FEAT-030")
    assert "of these copies have another target" in told


def test_dropping_the_copies_is_what_helps(things: Make) -> None:
    rows = honest(300)
    cleaning = [{"kind": "drop_duplicates", "columns": ["size", "weight", "price"]}]
    assert things(pl.concat([rows, rows[::3]]), cleaning=cleaning)().result["clean_rows"] == 300


@pytest.mark.parametrize("feature", ["serial", "doubled"])
def test_an_input_that_names_its_row_is_refused(things: Make, feature: str) -> None:
    told = refusal(things(honest(), features=["size", feature]), "FEAT-031")
    assert f"feature {feature!r} names its row: serial has 256 different whole numbers in 256 rows" in told
    assert "its unit in dictionary.yaml" in told


@pytest.mark.parametrize("feature", ["price", "priced"])
def test_a_feature_that_tells_the_target_alone_is_refused_with_what_it_comes_from(things: Make, feature: str) -> None:
    told = refusal(things(honest(), features=["size", feature]), "FEAT-032")
    assert f"feature {feature!r} alone tells 'value' almost perfectly: R² 0.999" in told
    assert "--> priced <- price" in told or feature == "price"


def test_a_class_that_is_told_alone_is_named(things: Make) -> None:
    rows = honest().with_columns((pl.col("size") > 0).cast(pl.Int64).alias("value"))
    columns = {**COLUMNS, "value": {"type": "integer", "known_at": "outcome", "meaning": "the target"}}
    told = refusal(things(rows, columns, task="binary"), "FEAT-032")
    assert "feature 'size' alone tells 'value' almost perfectly: AUC of '1' 1.0000" in told


def test_rows_with_a_time_are_not_shuffled(things: Make) -> None:
    days = pl.Series("day", [f"2024-01-{1 + number % 28:02d}" for number in range(400)])
    told = refusal(things(honest().with_columns(days)), "FEAT-033")
    assert "write  time: day  in project.yaml" in told


def test_a_written_reason_lets_a_suspicion_pass_and_is_said(things: Make, tmp_path: Path) -> None:
    because = "the price list is public"
    allow = [{"rule": "single_feature", "columns": ["price"], "because": because}]
    go = things(honest(), features=["size", "price"], leaks={"allow": allow})
    finished = go()
    steps = open_workspace(tmp_path / "workspace", None).runs.steps(finished.id)
    (said,) = next(step for step in steps if step.name == "guard").output["allowed"]
    assert said.startswith("feature 'price' alone tells")
    assert said.endswith(f"- allowed, because {because}")
    told = refusal(things(honest(), features=["size", "priced"], leaks={"allow": allow}), "FEAT-032")
    assert "single_feature, columns: [priced]" in told


def test_an_allowance_for_a_feature_that_is_none_is_a_mistake_in_the_file(things: Make) -> None:
    allow = [{"rule": "single_feature", "columns": ["prize"], "because": "the price list is public"}]
    with pytest.raises(UsageError, match="did you mean 'price'"):
        things(honest(), leaks={"allow": allow})()


def test_several_leaks_are_told_at_once(things: Make) -> None:
    with pytest.raises(UsageError) as caught:
        things(honest(), features=["serial", "price"])()
    assert [fault.code for fault in caught.value.faults] == ["FEAT-031", "FEAT-032"]
