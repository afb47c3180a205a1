from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.small_project import open_workspace, write_month, write_project

from steward.core.errors import Refused
from steward.flows.champion import load_version
from steward.flows.figures import judge_figures
from steward.flows.run import RunOptions, run
from steward.registry.bundle import Bundle

HOURS = 672
MINUTES = [10.0 * (1 + hour % 3) + hour * 7 % 11 for hour in range(HOURS)]
WINDOW = pl.DataFrame({"zone": [1.0 + hour % 3 for hour in range(HOURS)]})
TRUTH = np.array(MINUTES)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bundle, Bundle]:
    """The same champion, with an estimator and without one."""
    folder = tmp_path_factory.mktemp("figures")
    home = write_project(folder / "trips")
    write_month(folder / "data", "2023-01", MINUTES)
    write_month(folder / "data", "2023-02", MINUTES, first=1001)
    ports = open_workspace(folder / "workspace", folder / "data")
    run(RunOptions(str(home)), ports)
    run(RunOptions(str(home), ("watch.estimate=false",)), ports)
    found = [load_version(ports.workspace, version).bundle for version in ports.registry.versions("trips")]
    with_one = next(bundle for bundle in found if "estimate" in bundle.reference)
    without = next(bundle for bundle in found if "estimate" not in bundle.reference)
    return with_one, without


def test_a_bundle_holds_what_later_errors_are_judged_by(bundles: tuple[Bundle, Bundle]) -> None:
    reference = bundles[0].reference
    assert reference["estimate"]["metric"] == "rmse"
    assert reference["estimate"]["method"] == "DLE"
    assert [part["column"] for part in reference["parts"]] == ["zone"]
    assert list(reference["target"]["sketch"]["columns"]) == ["outcome"]
    assert reference["losses"]["quiet"] == []  # 672 rows are no eight runs of 200


def test_the_estimator_can_be_left_out(bundles: tuple[Bundle, Bundle]) -> None:
    found = judge_figures(bundles[1], WINDOW, _said(bundles[1]), TRUTH, chance=0.001, min_rows=100)
    assert found.estimate is None
    assert found.target is not None
    assert found.slices


@pytest.mark.parametrize("kept", [{"estimate": {"method": "DLE", "inner": {}}}, {"parts": [{"column": "zone"}]}])
def test_what_an_older_steward_kept_is_refused_with_what_to_do(bundles: tuple[Bundle, Bundle], kept: dict[str, Any]) -> None:
    older = replace(bundles[0], reference={**bundles[0].reference, **kept})
    with pytest.raises(Refused, match="WATCH-009"):
        judge_figures(older, WINDOW, _said(older), TRUTH, chance=0.001, min_rows=100)


def test_before_outcomes_there_is_an_estimate_and_nothing_else(bundles: tuple[Bundle, Bundle]) -> None:
    found = judge_figures(bundles[0], WINDOW, _said(bundles[0]), None, chance=0.001, min_rows=100)
    assert found.estimate is not None
    assert found.estimate.trusted
    assert (found.target, found.slices) == (None, ())


def test_outcomes_judge_the_estimate_tell_the_slices_and_the_target(bundles: tuple[Bundle, Bundle]) -> None:
    bundle = bundles[0]
    same = judge_figures(bundle, WINDOW, _said(bundle), TRUTH, chance=0.001, min_rows=100)
    assert same.estimate is not None
    assert same.estimate.trusted
    assert same.target is not None
    assert not same.target.moved
    assert not any(one.worse for one in same.slices)

    slower = np.where(WINDOW["zone"].to_numpy() == 2, TRUTH + 40, TRUTH)
    found = judge_figures(bundle, WINDOW, _said(bundle), slower, chance=0.001, min_rows=100)
    assert found.estimate is not None
    assert not found.estimate.trusted
    assert found.target is not None
    assert found.target.moved
    assert [(one.column, one.worse) for one in found.slices if one.worse]
    assert found.slices[0].change > 1


def test_outcomes_of_which_the_metric_says_nothing_are_in_no_slice_but_in_the_target(bundles: tuple[Bundle, Bundle]) -> None:
    losses = {**bundles[1].reference["losses"], "metric": "mape"}
    shares = replace(bundles[1], reference={**bundles[1].reference, "losses": losses})
    idle = np.where(np.arange(HOURS) % 4 == 0, 0.0, TRUTH)
    found = judge_figures(shares, WINDOW, _said(shares), idle, chance=0.001, min_rows=100)
    assert {one.rows for one in found.slices} == {HOURS * 3 // 4 // 3}  # of each of three zones
    assert found.target is not None
    assert found.target.moved


def test_windows_of_the_past_speak_against_an_estimate(bundles: tuple[Bundle, Bundle]) -> None:
    past: list[Mapping[str, Any]] = [{"estimate": {"miss": 9.0}}, {"estimate": None}, {"estimate": {"miss": None}}, {}]
    found = judge_figures(bundles[0], WINDOW, _said(bundles[0]), None, past=past, chance=0.001, min_rows=100)
    assert found.estimate is not None
    assert found.estimate.why == "outcomes lay outside the interval in 1 of the last 1 windows that have them"


def test_a_bundle_from_before_there_were_estimates_has_none(bundles: tuple[Bundle, Bundle]) -> None:
    losses = {"losses": bundles[0].reference["losses"]}
    old = replace(bundles[0], reference=losses)
    found = judge_figures(old, WINDOW, _said(old), TRUTH, chance=0.001, min_rows=100)
    assert (found.estimate, found.target, found.slices) == (None, None, ())


def _said(bundle: Bundle) -> np.ndarray:
    return np.asarray(bundle.model.predict(WINDOW.to_numpy(order="c")))
