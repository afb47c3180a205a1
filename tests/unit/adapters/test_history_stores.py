"""What was measured, tried, answered and found out is kept once, and read back in order."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection, insert, select, text
from tests.servers import DATABASES
from tests.unit.adapters.test_rows import trips

from steward.adapters.sql.database import Database
from steward.adapters.sql.experiments import SqlExperimentStore
from steward.adapters.sql.predictions import SqlPredictionStore
from steward.adapters.sql.quality import SqlQualityStore
from steward.adapters.sql.registry import SqlRegistry
from steward.adapters.sql.rows import load_rows
from steward.adapters.sql.runs import SqlRunStore
from steward.adapters.sql.sketches import SqlSketchStore
from steward.adapters.sql.tables import experiments, findings, metadata, outcomes, predictions, quality_metrics, steps
from steward.adapters.sql.windows import SqlWindowHistory
from steward.adapters.studies import SqlStudyStore
from steward.core.runs import Run, Step
from steward.models.history import Tried
from steward.models.tune_trials import StudyFacts, Trial
from steward.monitoring.history import StoredSketch, WatchedWindow
from steward.quality.findings import Finding
from steward.quality.history import QualityMetric
from steward.registry.versions import Draft, Promotion
from steward.serving.history import Given, Outcome, Removed, Tally, Told
from steward.testing.clock import FrozenClock

NULLS = (QualityMetric("raw", "fee", "null_share", 0.25), QualityMetric("clean", "fee", "null_share", None))
FOUND = Finding("fares", "range", ("fare", "tip"), "warn", 12, 0.03, ("-1",), "fare is below 0 in 12 of 400 rows")
BOARD = (Tried("linear", "validation", "mae", 4.5, chosen=False), Tried("lightgbm", "validation", "mae", 4.0, chosen=True))


def given(number: int, model: str = "taxi") -> Given:
    return Given(f"p{number}", model, 1, f"2026-01-01T00:00:0{number}", {"zone": number, "note": "é"}, {"prediction": number / 7})


def test_metrics_of_a_run_are_kept_once_and_come_back_oldest_first(database: Database) -> None:
    clock = FrozenClock()
    store = SqlQualityStore(database, clock)
    for run in ("r1", "r2", "r2"):
        store.keep_metrics("taxi", run, NULLS)
        clock.advance(timedelta(minutes=1))
    found = store.metrics("taxi", "null_share")
    assert [(kept.run, kept.figure) for kept in found] == [("r1", NULLS[0]), ("r1", NULLS[1]), ("r2", NULLS[0]), ("r2", NULLS[1])]
    assert store.metrics("uber", "null_share") == ()


def test_findings_come_back_without_their_examples(database: Database) -> None:
    store = SqlQualityStore(database, FrozenClock())
    for _ in range(2):
        store.keep_findings("taxi", "r1", [FOUND, FOUND])
    kept = store.findings("taxi", limit=10)
    assert [one.finding for one in kept] == [Finding(**{**FOUND.as_dict(), "columns": FOUND.columns, "examples": ()})] * 2  # type: ignore[arg-type]
    store.keep_findings("taxi", "r1", [])
    assert store.findings("taxi", limit=10) == ()


def test_results_of_a_run_are_replaced_by_what_it_says_last(database: Database) -> None:
    store = SqlExperimentStore(database, FrozenClock())
    store.keep("taxi", "r1", BOARD)
    store.keep("taxi", "r1", BOARD[1:])
    assert [(one.run, one.tried) for one in store.experiments("taxi", limit=10)] == [("r1", BOARD[1])]


def test_predictions_are_kept_once_by_their_id(database: Database) -> None:
    store = SqlPredictionStore(database)
    assert store.keep_predictions([given(1), given(2), given(2)]) == 2
    assert store.keep_predictions([given(2), given(3)]) == 1
    assert store.keep_predictions([given(4, model="uber")]) == 1
    assert [one.id for one, _ in store.predictions("taxi", limit=2)] == ["p3", "p2"]
    assert store.predictions("taxi", limit=9)[2] == (given(1), None)


def told(id_: str, prediction: str, value: float | None, *, minute: int = 0, label: str | None = None, model: str = "taxi") -> Told:
    return Told(id_, model, Outcome(prediction, value, label, "2026-01-02"), f"2026-01-02T00:{minute:02}:00+00:00")


def test_one_prediction_is_found_by_its_id_with_what_turned_out_last(database: Database) -> None:
    store = SqlPredictionStore(database)
    store.keep_predictions([given(1), given(2)])
    store.keep_outcomes([told("t1", "p1", 12.5), told("t2", "p1", 13.0, minute=1), told("t3", "p9", 1.0)])
    assert store.prediction("p1") == (given(1), Outcome("p1", 13.0, None, "2026-01-02"))
    assert store.prediction("p2") == (given(2), None)
    assert store.prediction("p9") is None  # an outcome that came first is no prediction


def test_an_outcome_may_come_first_and_a_correction_keeps_what_was_told_before(database: Database) -> None:
    store = SqlPredictionStore(database)
    first, corrected = told("t1", "p1", 12.5), told("t2", "p1", None, minute=1, label="left")
    assert store.keep_outcomes([first]) == 1
    assert store.keep_outcomes([first]) == 0
    assert store.keep_outcomes([corrected, first]) == 1
    store.keep_predictions([given(1)])
    assert store.predictions("taxi", limit=9) == ((given(1), corrected.outcome),)
    assert store.tellings("p1") == (first, corrected)
    assert store.tellings("p2") == ()


def test_what_came_in_last_counts_in_whatever_order_it_is_brought(database: Database) -> None:
    store = SqlPredictionStore(database)
    tellings = [told(f"t{minute}", "p1", float(minute), minute=minute) for minute in range(3)]
    for number in (1, 2, 0):
        store.keep_outcomes([tellings[number]])
    store.keep_predictions([given(1)])
    assert store.predictions("taxi", limit=9)[0][1] == tellings[2].outcome
    assert store.tellings("p1") == tuple(tellings)


def test_a_prediction_is_forgotten_with_all_that_was_told_about_it(database: Database) -> None:
    store = SqlPredictionStore(database)
    store.keep_predictions([given(1), given(2)])
    store.keep_outcomes([told("t1", "p1", 1.0), told("t2", "p1", 2.0, minute=1), told("t3", "p2", 3.0)])
    assert store.known(["p1", "p2", "p9"]) == {"p1", "p2"}
    assert store.forget(["p1", "p9"]) == Removed(1, 2)
    assert store.forget(["p1"]) == Removed(0, 0)
    assert store.known(["p1", "p2"]) == {"p2"}
    assert [one.id for one in store.tellings("p2")] == ["t3"]
    assert store.tellings("p1") == ()


def test_predictions_are_found_by_a_value_of_their_row(database: Database) -> None:
    store = SqlPredictionStore(database)
    rows = [{"zone": 7}, {"zone": 70}, {"zone": 7.0}, {"zone": "7"}, {"note": "50%_ \\'x"}, {"note": "50%_ \\'X"}, {}]
    store.keep_predictions([Given(f"p{n}", "taxi", 1, "2026-01-01", row, {}) for n, row in enumerate(rows)])
    store.keep_predictions([Given("other", "uber", 1, "2026-01-01", {"zone": 7}, {})])
    assert store.find("taxi", "zone", [7]) == {"p0", "p2"}
    assert store.find("taxi", "zone", [7.0]) == {"p0", "p2"}
    assert store.find("taxi", "zone", [70, "7"]) == {"p1", "p3"}
    assert store.find("taxi", "note", ["50%_ \\'x"]) == {"p4"}
    assert store.find("taxi", "note", ["50"]) == frozenset()


def test_only_what_is_older_is_removed(database: Database) -> None:
    store = SqlPredictionStore(database)
    many = [Given(f"p{n:04}", "taxi", 1, f"2026-01-01T00:00:00.{n:06}+00:00", {}, {}) for n in range(1201)]
    store.keep_predictions([*many, Given("uber", "uber", 1, "2020-01-01T00:00:00+00:00", {}, {})])
    store.keep_outcomes(
        [told("t0", "p0000", 1.0), told("t1", "p1200", 2.0), told("t2", "nobody", 3.0), told("t3", "x", 1.0, minute=9)]
    )
    assert store.remove_before("taxi", "2026-01-01T00:00:00.001200+00:00") == Removed(1200, 1)
    assert [one.id for one, _ in store.predictions("taxi", limit=9)] == ["p1200"]
    assert store.remove_before("taxi", "2026-01-02T00:05:00+00:00") == Removed(1, 2)
    assert [bool(store.tellings(name)) for name in ("p1200", "nobody", "x")] == [False, False, True]
    assert store.known(["uber"]) == {"uber"}


def test_many_predictions_at_once_are_all_kept(database: Database) -> None:
    store = SqlPredictionStore(database)
    many = [Given(f"p{n:05}", "taxi", 1, "2026-01-01", {}, {}) for n in range(1201)]
    assert store.keep_predictions(many) == 1201
    assert store.keep_predictions(many) == 0


def test_the_leaderboard_names_version_and_champion(database: Database) -> None:
    clock = FrozenClock()
    registry, tried = SqlRegistry(database, clock), SqlExperimentStore(database, clock)
    for number, run in enumerate(("r1", "r2"), 1):
        registry.register(Draft("taxi", run, run, "digest", {}, {"verdict": {"passed": True}}), actor="me")
        tried.keep("taxi", run, BOARD)
        registry.swap_champion(Promotion("taxi", number, number - 1 or None, "me", "test"))
    with database.read() as connection:
        query = "SELECT run, candidate, value, version, champion FROM model_leaderboard ORDER BY run, candidate"
        rows = [tuple(row) for row in connection.execute(text(query))]
    assert rows == [
        ("r1", "lightgbm", 4.0, 1, 0),
        ("r1", "linear", 4.5, None, 0),
        ("r2", "lightgbm", 4.0, 2, 1),
        ("r2", "linear", 4.5, None, 0),
    ]


def test_quality_and_drift_over_time_stand_beside_what_was_before(database: Database) -> None:
    clock = FrozenClock()
    quality, windows = SqlQualityStore(database, clock), SqlWindowHistory(database, clock)
    for run, share in (("r1", 0.25), ("r2", 0.5)):
        quality.keep_metrics("taxi", run, [QualityMetric("raw", "fee", "null_share", share)])
        at = clock.now().isoformat()
        windows.add(WatchedWindow(run, "taxi", 1, run, share, alarm=False, answered=False, verdict={}, created_at=at), actor="me")
        clock.advance(timedelta(days=1))
    with database.read() as connection:
        one = connection.execute(text("SELECT value, previous FROM quality_over_time ORDER BY at")).all()
        two = connection.execute(text("SELECT severity, previous FROM drift_over_time ORDER BY at")).all()
    assert [tuple(row) for row in one] == [tuple(row) for row in two] == [(0.25, None), (0.5, 0.25)]


def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Do the same in each store with a clock that stands, and return all tables."""
    clock = FrozenClock()
    runs, registry = SqlRunStore(database, clock), SqlRegistry(database, clock)
    runs.start(Run("r1", "taxi", "running", "command", {"a": [1]}, {"b": None}, {}, clock.now().isoformat(), None), actor="me")
    runs.begin_step("r1", "ingest", "key")
    runs.finish_step(
        Step("r1", "ingest", "key", "finished", reused=False, output={"rows": 3}), kind="data.ingested", detail={}, actor="é"
    )
    registry.register(Draft("taxi", "k", "r1", "digest", {"m": "00"}, {"share": 1 / 3}), actor="me")
    registry.swap_champion(Promotion("taxi", 1, None, "me", "first"))
    SqlQualityStore(database, clock).keep_metrics("taxi", "r1", NULLS)
    SqlQualityStore(database, clock).keep_findings("taxi", "r1", [FOUND])
    SqlExperimentStore(database, clock).keep("taxi", "r1", BOARD)
    SqlPredictionStore(database).keep_predictions([given(1), given(2)])
    SqlPredictionStore(database).keep_outcomes([told("t1", "p1", 0.1)])
    studies = SqlStudyStore(database, clock)
    studies.remember(StudyFacts("a" * 64, "taxi", "lightgbm", "rmse", {"seed": 7}))
    studies.begin("a" * 64, Trial(0, {"l2": 1 / 3, "hidden": (8, 4)}, "running", "me", 1.5))
    window = WatchedWindow("w1", "taxi", 1, "2020-04", 0.1 + 0.2, alarm=True, answered=False, verdict={"x": 1}, created_at="2026")
    SqlWindowHistory(database, clock).add(window, actor="me")
    SqlSketchStore(database).keep([StoredSketch("s1", "taxi", 1, "log", "2026-01-01", "2026-01-02", 5, "5", b"\x00sketch")])
    runs.finish("r1", "finished", {"version": 1}, actor="me")
    load_rows(database, "raw_taxi", trips({"2024-01": 3}), project="taxi", clock=clock)
    with database.read() as connection:
        held = {table.name: connection.execute(select(table)).all() for table in metadata.sorted_tables}
    return {name: sorted((tuple(row) for row in rows), key=repr) for name, rows in held.items()}


def test_the_three_databases_hold_the_same_after_the_same(store_of: Callable[[str], Database]) -> None:
    first, *others = [everything(store_of(kind)) for kind in DATABASES]
    assert len(first["journal"]) == 7
    by_chance = {"api_keys", "approvals", "challenges", "incidents", "shadow_answers"}  # so their names are made
    assert {name for name, rows in first.items() if not rows} == by_chance
    for other in others:
        assert other == first


QUESTIONS: dict[str, Callable[[], object]] = {
    "ix_runs_project": lambda: text("SELECT id FROM runs WHERE project = 'p7' ORDER BY started_at DESC LIMIT 1"),
    "ix_steps_key": lambda: select(steps.c.run).where((steps.c.key == "k7") & (steps.c.status == "finished")),
    "ix_quality_metrics_project": lambda: (
        select(quality_metrics.c.value)
        .where((quality_metrics.c.project == "p7") & (quality_metrics.c.metric == "m"))
        .order_by(quality_metrics.c.at)
    ),
    "ix_findings_project": lambda: select(findings.c.text).where(findings.c.project == "p7").order_by(findings.c.at.desc()),
    "ix_experiments_project": lambda: select(experiments.c.value).where(experiments.c.project == "p7"),
    "ix_predictions_model": lambda: (
        select(predictions.c.row_json).where(predictions.c.model == "p7").order_by(predictions.c.at.desc()).limit(10)
    ),
    "ix_windows_model": lambda: text("SELECT verdict FROM windows WHERE model = 'p7' ORDER BY created_at DESC LIMIT 10"),
    "ix_raw_taxi_period": lambda: text("SELECT miles FROM raw_taxi WHERE period = 'p7'"),
    "ix_raw_taxi_n": lambda: text("SELECT miles FROM raw_taxi WHERE n = 7"),
}


def fill(connection: Connection) -> None:
    """Put so much into the tables that looking everything through costs more than an index."""
    at = {"at": "2026"}
    for table, row in (
        ("runs", {"status": "s", "trigger": "t", "options": "{}", "frozen": "{}", "started_at": "2026"}),
        ("steps", {"name": "n", "status": "finished", "reused": False, "started_at": "2026"}),
        ("quality_metrics", {"stage": "raw", "column_name": "c", "metric": "m", "value": 1.0, **at}),
        (
            "findings",
            {
                "number": 1,
                "check_name": "c",
                "kind": "k",
                "columns": "[]",
                "action": "warn",
                "rows_broken": 1,
                "share": 0.5,
                "text": "t",
                **at,
            },
        ),
        ("experiments", {"candidate": "c", "part": "test", "metric": "m", "value": 1.0, "chosen": True, **at}),
        ("predictions", {"version": 1, "row_json": "{}" * 50, "answer_json": "{}", **at}),
        ("windows", {"version": 1, "label": "l", "alarm": False, "answered": False, "verdict": "{}", "created_at": "2026"}),
    ):
        described = metadata.tables[table]
        rows: Sequence[dict[str, object]] = [{**row, **_names(described.columns.keys(), n)} for n in range(600)]
        connection.execute(insert(described), rows)


def _names(columns: Sequence[str], number: int) -> dict[str, str]:
    own = {"id": f"i{number}", "run": f"i{number}", "key": f"k{number % 60}"}
    of = dict.fromkeys(("project", "model"), f"p{number % 60}")
    return {name: value for name, value in {**own, **of}.items() if name in columns}


def test_the_questions_asked_use_the_indexes(database: Database) -> None:
    with database.bulk() as connection:
        fill(connection)
    frame = trips({f"p{month}": 40 for month in range(60)})
    load_rows(database, "raw_taxi", frame, indexes=[("n",)])
    plans = {name: _plan(database, question()) for name, question in QUESTIONS.items()}
    assert {name: plan for name, plan in plans.items() if name not in plan} == {}


def _plan(database: Database, question: object) -> str:
    explain = "EXPLAIN QUERY PLAN" if database.kind == "sqlite" else "EXPLAIN"
    sql = question.compile(database.engine, compile_kwargs={"literal_binds": True})  # type: ignore[attr-defined]
    with database.read() as connection:
        if database.kind == "postgresql":  # so few rows are read faster one after the other
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        return "\n".join(str(tuple(row)) for row in connection.execute(text(f"{explain} {sql}")))


def test_the_outcome_of_a_prediction_is_found_by_its_key(database: Database) -> None:
    plan = _plan(database, select(outcomes.c.value).where(outcomes.c.prediction == "p7"))
    assert any(
        word in plan for word in ("autoindex", "outcomes_pkey", "Index Scan", "const", "PRIMARY", "Impossible WHERE", "no matching")
    )


SPAN = ("2026-01-01T00:00:01+00:00", "2026-01-01T00:00:03+00:00")


def test_a_span_of_predictions_is_half_open_and_comes_with_its_outcomes(database: Database) -> None:
    store = SqlPredictionStore(database)
    many = [replace(given(n), at=f"2026-01-01T00:00:0{n}+00:00", version=1 + (n == 2)) for n in range(5)]
    late = replace(given(7), at="2026-01-01T00:00:02.500000+00:00")
    store.keep_predictions([*many, late, replace(given(9, model="uber"), at=SPAN[0])])
    store.keep_outcomes(
        [told("t1", "p1", 12.5), told("t2", "p3", 1.0), told("t3", "nobody", 2.0), told("t4", "p1", 13.0, minute=5)]
    )
    found = list(store.between("taxi", 1, *SPAN))
    assert found == [(many[1], Outcome("p1", 13.0, None, "2026-01-02")), (late, None)]
    spans = [SPAN, ("2026-01-02", "2026-01-03"), ("2026-01-01T00:00:03+00:00", "2026-01-01T00:00:04+00:00")]
    assert store.tallies("taxi", 1, spans) == (
        Tally(2, 1, "2026-01-02T00:05:00+00:00"),
        Tally(0, 0, None),
        Tally(1, 1, "2026-01-02T00:00:00+00:00"),
    )
    assert store.tallies("taxi", 2, [("2026-01-01", "2026-01-02")]) == (Tally(1, 0, None),)
    assert (store.first_and_last("taxi", 1), store.first_and_last("taxi", 3)) == ((many[0].at, many[4].at), None)


def test_arrivals_are_counted_by_their_moment(database: Database) -> None:
    store = SqlPredictionStore(database)
    store.keep_predictions([replace(given(n), id=f"q{n}", at=f"2026-01-01T00:00:0{n // 3}+00:00") for n in range(8)])
    seconds = [f"2026-01-01T00:00:0{second}+00:00" for second in range(3)]
    assert list(store.arrivals("taxi", 1, seconds[0], "2026-01-02")) == [(seconds[0], 3), (seconds[1], 3), (seconds[2], 2)]
    assert list(store.arrivals("taxi", 1, seconds[1], seconds[2])) == [(seconds[1], 3)]
    assert list(store.arrivals("taxi", 2, seconds[0], "2026-01-02")) == []
