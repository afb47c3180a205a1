"""What does Great Expectations say of the same rows? The declared checks as its suite, run on pandas, with Data Docs.

A check becomes the expectation that asks the same. Where there is none, our own answer for each row becomes a column
that an expectation reads; such checks are carried, and said to be.
"""

import json
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from steward.adapters.data_docs import make_local
from steward.adapters.questions import Question, questions
from steward.core.atomic import write_text_atomically
from steward.core.errors import EnvironmentFault, Fault
from steward.quality.expected import Answer, Expectations, SuiteRun

_SEVERITY = {"warn": "info", "quarantine": "warning", "stop": "critical"}
_CARRIED = "Answered by Steward and carried by a computed column: there is no such expectation."


def is_installed() -> bool:
    """Tell whether Great Expectations is in this environment."""
    return find_spec("great_expectations") is not None


def suite_json(name: str, expectations: Expectations) -> dict[str, Any]:
    """Return the suite as a JSON object: what Great Expectations itself reads.

    Raises:
        EnvironmentFault: ENV-020 Great Expectations is not installed.
    """
    with _quiet():
        return _as_json(_suite(name, questions(expectations)))


def run_suite(name: str, expectations: Expectations, folder: Path) -> SuiteRun:
    """Run the suite of a project on its rows and write what it is and what it found.

    Args:
        name: of the project; the suite is `<name>.json`, its pages begin with `data_docs/<name>/index.html`.
        expectations: the rows, and what our own checks say of them.
        folder: is made where it is not there; what an earlier run wrote is replaced.

    Raises:
        EnvironmentFault: ENV-020 Great Expectations is not installed.
    """
    with _quiet():
        asked = questions(expectations)
        suite = _suite(name, asked)
        folder.mkdir(parents=True, exist_ok=True)
        path, pages = folder / f"{name}.json", folder / "data_docs" / name
        results = _validate(name, suite, _pandas(expectations, asked), pages)
        write_text_atomically(path, json.dumps(_as_json(suite), indent=2, ensure_ascii=False) + "\n")
    return SuiteRun(tuple(_answer(question, results[i]) for i, question in enumerate(asked)), path, pages / "index.html")


def _suite(name: str, asked: Sequence[Question]) -> Any:
    import great_expectations as gx
    import great_expectations.expectations as gxe

    expectations = [
        getattr(gxe, kind)(**arguments, severity=_SEVERITY[question.expected.check.action], meta=_meta(question, number))
        for number, question in enumerate(asked)
        for kind, arguments in question.asked
    ]
    return gx.ExpectationSuite(name=name, expectations=expectations)


def _meta(question: Question, number: int) -> dict[str, Any]:
    check = question.expected.check
    said = {"number": number, "check": question.expected.name, "action": check.action, "carried": question.carried}
    notes = [f"Check: {question.expected.name}", *([_CARRIED] if question.carried else [])]
    return {"steward": said, "notes": {"format": "string", "content": notes}}


def _as_json(suite: Any) -> dict[str, Any]:
    """Return the suite without what changes from run to run."""
    said: dict[str, Any] = json.loads(json.dumps(suite.to_json_dict(), default=str))
    said.pop("id", None)
    for expectation in said["expectations"]:
        expectation.pop("id", None)
    return said


def _pandas(expectations: Expectations, asked: Sequence[Question]) -> Any:
    """Return the rows as pandas has them, numbers and nulls exact, with the columns that carry our answers."""
    import pandas as pd
    import polars.selectors as cs
    import pyarrow as pa

    carrying = [
        (~question.expected.broken).alias(question.column)
        for question in asked
        if question.carried and question.expected.broken is not None
    ]
    plain = expectations.frame.with_columns(
        cs.integer().cast(int), cs.float().cast(float), cs.datetime().dt.replace_time_zone(None).dt.cast_time_unit("us")
    )
    nullable = {
        pa.int64(): pd.Int64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
        pa.string(): pd.StringDtype(),
        pa.large_string(): pd.StringDtype(),
    }
    return plain.with_columns(carrying).to_pandas(types_mapper=nullable.get)


def _validate(name: str, suite: Any, rows: Any, pages: Path) -> dict[int, list[Any]]:
    """Run a suite, write its pages, and return the results of each question."""
    import great_expectations as gx
    from great_expectations.checkpoint.actions import UpdateDataDocsAction
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.base import ProgressBarsConfig

    fresh = pages.with_name(f".{name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    context.add_data_docs_site(site_name=name, site_config=_site(fresh))
    context.delete_data_docs_site("local_site")
    batch = context.data_sources.add_pandas("steward").add_dataframe_asset(name).add_batch_definition_whole_dataframe("rows")
    definition = gx.ValidationDefinition(name=name, data=batch, suite=context.suites.add(suite))
    checkpoint = gx.Checkpoint(
        name=name,
        validation_definitions=[context.validation_definitions.add(definition)],
        actions=[UpdateDataDocsAction(name="pages", site_names=[name])],
        result_format="SUMMARY",
    )
    run = context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": rows}, run_id=RunIdentifier(run_name=name))
    (result,) = run.run_results.values()
    make_local(fresh, name)
    shutil.rmtree(pages, ignore_errors=True)
    fresh.rename(pages)
    return _by_question(result.results)


def _site(folder: Path) -> Any:
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder.absolute())}
    return {"class_name": "SiteBuilder", "store_backend": store, "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"}}


def _by_question(results: Sequence[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for result in results:
        said = result.expectation_config.meta["steward"]
        raised = [info for info in _exceptions(result) if info.get("raised_exception")]
        if raised:
            what = f"Great Expectations could not answer the check {said['check']!r}"
            raise EnvironmentFault(Fault("ENV-021", what, why=str(raised[0].get("exception_message")), fix="report it"))
        found.setdefault(said["number"], []).append(result)
    return found


def _exceptions(result: Any) -> list[Mapping[str, Any]]:
    """Return what an expectation raised: told once, or once a figure that it needed."""
    info = result.exception_info or {}
    return [info] if "raised_exception" in info else [one for one in info.values() if isinstance(one, Mapping)]


def _answer(question: Question, results: Sequence[Any]) -> Answer:
    counts = [result.result.get("unexpected_count") for result in results]
    rows = None if question.expected.rows is None else sum(int(count or 0) for count in counts)
    kinds = dict.fromkeys(result.expectation_config.type for result in results)
    return Answer(", ".join(kinds), question.carried, all(result.success for result in results), rows)


@contextmanager
def _quiet() -> Iterator[None]:
    """Let nothing be sent anywhere, keep what Great Expectations says about its dependencies to itself, and texts Python's.

    Arrow's texts in pandas below 3.1 match a pattern's letters in ASCII only.
    """
    if not is_installed():
        what = "Great Expectations is not installed"
        raise EnvironmentFault(Fault("ENV-020", what, fix="pip install 'steward[quality]'"))
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    os.environ["TQDM_DISABLE"] = "1"
    import pandas as pd

    with warnings.catch_warnings(), pd.option_context("mode.string_storage", "python"):
        warnings.simplefilter("ignore")
        yield
