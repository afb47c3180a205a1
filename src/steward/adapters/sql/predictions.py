"""How do predictions and what turned out to be true come into the database exactly once?"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, delete, insert, select

from steward.adapters.sql.database import Database
from steward.adapters.sql.faults import retried
from steward.adapters.sql.tables import outcomes, predictions
from steward.core.clock import Clock
from steward.core.digest import canonical_json
from steward.serving.history import Given, Outcome


class SqlPredictionStore:
    """Predictions and outcomes in the database; see `steward.serving.history.PredictionStore`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @retried
    def keep_predictions(self, given: Sequence[Given]) -> int:
        """Keep those that are not kept yet, by id, and return how many that were; all or none where it raises."""
        by_id = {one.id: _values(one) for one in given}
        with self._database.write() as connection:
            known = _rows_by_key(connection, predictions, "id", list(by_id))
            new = [row for id_, row in by_id.items() if id_ not in known]
            if new:
                connection.execute(insert(predictions), new)
        return len(new)

    @retried
    def keep_outcomes(self, told: Sequence[Outcome]) -> int:
        """Keep what turned out to be true and return how much of it was new; a correction replaces what was told before."""
        received = self._clock.now().isoformat()
        by_id = {one.prediction: one for one in told}
        with self._database.write() as connection:
            known = {key: _outcome(row) for key, row in _rows_by_key(connection, outcomes, "prediction", list(by_id)).items()}
            new = [one for id_, one in by_id.items() if known.get(id_) != one]
            if new:
                same = delete(outcomes).where(outcomes.c.prediction == bindparam("told"))
                connection.execute(same, [{"told": one.prediction} for one in new])
                connection.execute(insert(outcomes), [_outcome_values(one, received) for one in new])
        return len(new)

    def predictions(self, model: str, *, limit: int) -> Sequence[tuple[Given, Outcome | None]]:
        """Return a model's newest predictions, newest first, each with its outcome where that is known."""
        query = select(predictions).where(predictions.c.model == model)
        newest = query.order_by(predictions.c.at.desc(), predictions.c.id).limit(limit)
        with self._database.read() as connection:
            given = [_given(row) for row in connection.execute(newest)]
            known = _rows_by_key(connection, outcomes, "prediction", [one.id for one in given])
        return tuple((one, _outcome(known[one.id]) if one.id in known else None) for one in given)


_AT_ONCE = 500  # keys a question; SQLite and the servers have a limit of their own far above


def _rows_by_key(connection: Connection, table: Table, key: str, wanted: Sequence[str]) -> Mapping[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for first in range(0, len(wanted), _AT_ONCE):
        some = select(table).where(table.c[key].in_(wanted[first : first + _AT_ONCE]))
        found.update({getattr(row, key): row for row in connection.execute(some)})
    return found


def _values(given: Given) -> dict[str, object]:
    plain = {"id": given.id, "model": given.model, "version": given.version, "at": given.at}
    return {**plain, "row_json": canonical_json(given.row), "answer_json": canonical_json(given.answer)}


def _outcome_values(outcome: Outcome, received_at: str) -> dict[str, object]:
    told = {"prediction": outcome.prediction, "value": outcome.value, "label": outcome.label}
    return {**told, "at": outcome.at, "received_at": received_at}


def _given(row: Row[Any]) -> Given:
    return Given(row.id, row.model, row.version, row.at, json.loads(row.row_json), json.loads(row.answer_json))


def _outcome(row: Row[Any]) -> Outcome:
    return Outcome(row.prediction, row.value, row.label, row.at)
