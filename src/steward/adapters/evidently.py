"""What does Evidently make of the same rows? Its reports on data drift, target drift and performance, as HTML.

Evidently judges by its own rules and thresholds, which know nothing of the project's budget of false alarms: these pages are for
looking. They are large and read nothing from a network.
"""

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from steward.core.errors import EnvironmentFault, Fault
from steward.reporting.compared import ANSWERED, Compared, DrawnReports


def is_installed() -> bool:
    """Tell whether Evidently is in this environment."""
    return find_spec("evidently") is not None


def draw_reports(compared: Compared) -> DrawnReports:
    """Return the pages by name, and the columns that Evidently says have drifted.

    Without known outcomes there is neither target drift nor performance.

    Raises:
        EnvironmentFault: ENV-022 Evidently is not installed, ENV-023 it cannot draw these rows.
    """
    with _quiet():
        learnt, judged, current = (_finite(rows) for rows in (compared.learnt, compared.judged, compared.current))
        told = current.filter(pl.col(compared.target).is_not_null())
        inputs = (*compared.features, compared.prediction, *([ANSWERED] if compared.task == "multiclass" else []))
        shown = tuple(name for name in inputs if not _is_empty(learnt[name]) and not _is_empty(current[name]))
        notes = [f"{name} is empty, and left out" for name in inputs if name not in shown]
        page, drifted = _drift(shown, compared, learnt, current)
        pages = {"data-drift": page}
        if told.height:
            pages["target-drift"], target = _drift((compared.target,), compared, learnt, told)
            drifted = (*drifted, *target)
            pages["performance"] = _performance(compared, judged, told)
        else:
            notes.append("no outcome is known: neither target drift nor performance")
    return DrawnReports(pages, drifted, len(shown) + (1 if told.height else 0), tuple(notes))


def _drift(columns: Sequence[str], compared: Compared, before: pl.DataFrame, now: pl.DataFrame) -> tuple[bytes, tuple[str, ...]]:
    """Return a page on how columns moved, and the names of those that Evidently says did."""
    from evidently import DataDefinition, Report
    from evidently.metrics import ValueDrift
    from evidently.presets import DataDriftPreset

    levels = [name for name in columns if _holds_levels(name, compared)]
    definition = DataDefinition(numerical_columns=[name for name in columns if name not in levels], categorical_columns=levels)
    drawn = [DataDriftPreset(columns=list(columns))] if len(columns) > 1 else [ValueDrift(column=columns[0])]
    page, tests = _run(Report(drawn, include_tests=True), definition, before.select(columns), now.select(columns), levels)
    return page, tuple(sorted(_failed(tests), key=columns.index))


def _performance(compared: Compared, before: pl.DataFrame, now: pl.DataFrame) -> bytes:
    """Return a page on how right the answers were, beside rows of the time of training that were not learnt from."""
    from evidently import BinaryClassification, DataDefinition, MulticlassClassification, Regression, Report
    from evidently.presets import ClassificationPreset, RegressionPreset

    columns = [compared.target, compared.prediction]
    if compared.task == "regression":
        definition = DataDefinition(
            numerical_columns=columns, regression=[Regression(target=compared.target, prediction=compared.prediction)]
        )
        return _run(Report([RegressionPreset()]), definition, before.select(columns), now.select(columns), [])[0]
    named = [compared.target, ANSWERED]
    if compared.task == "binary":
        kind: Any = BinaryClassification(
            target=compared.target, prediction_labels=ANSWERED, prediction_probas=compared.prediction, pos_label=compared.positive
        )
        columns = [*named, compared.prediction]
    else:
        kind, columns = MulticlassClassification(target=compared.target, prediction_labels=ANSWERED), named
    numbers = [name for name in columns if name not in named]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=named, classification=[kind])
    return _run(Report([ClassificationPreset()]), definition, before.select(columns), now.select(columns), named)[0]


def _run(report: Any, definition: Any, before: pl.DataFrame, now: pl.DataFrame, levels: Sequence[str]) -> tuple[bytes, list[Any]]:
    """Return the page of a report and its tests."""
    from evidently import Dataset

    rows = [
        Dataset.from_pandas(frame.with_columns(pl.col(levels).cast(pl.String)).to_pandas(), data_definition=definition)
        for frame in (now, before)  # the current rows come first
    ]
    try:
        snapshot = report.run(*rows)
        with TemporaryDirectory(prefix="steward-") as folder:
            path = Path(folder) / "report.html"
            snapshot.save_html(str(path))
            return path.read_bytes(), snapshot.dict().get("tests", [])
    except (ValueError, TypeError, KeyError, ArithmeticError, AttributeError) as error:
        what = f"Evidently cannot draw {', '.join(before.columns)}"
        fix = "Steward's own page needs nothing of it:  steward report PROJECT --watch"
        raise EnvironmentFault(Fault("ENV-023", what, why=str(error), fix=fix)) from error


def _failed(tests: Sequence[Any]) -> set[str]:
    """Return the columns whose test failed, which is how Evidently says that one drifted."""
    told = [test for test in tests if str(getattr(test["status"], "value", test["status"])).endswith("FAIL")]
    params = [test["metric_config"]["params"] for test in told]
    return {str(one["column"]) for one in params if "column" in one}


def _holds_levels(name: str, compared: Compared) -> bool:
    return name in compared.categories or name == ANSWERED or (name == compared.target and compared.task != "regression")


def _finite(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with nulls for what is no finite number."""
    floats = [name for name, kind in rows.schema.items() if kind.is_float()]
    return rows.with_columns(pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in floats)


def _is_empty(column: pl.Series) -> bool:
    return column.null_count() == len(column)


@contextmanager
def _quiet() -> Iterator[None]:
    """Let nothing be sent anywhere, and keep what Evidently's own libraries say about one another to themselves."""
    if not is_installed():
        raise EnvironmentFault(Fault("ENV-022", "Evidently is not installed", fix="pip install 'steward[drift]'"))
    os.environ["DO_NOT_TRACK"] = "1"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
