"""Where are the trials of a search kept, so that each number is tried once, whoever else is at work?

In Steward's own database rather than in tables of Optuna's: theirs would need a schema history beside ours under the same
name, and two processes on one SQLite file could be given the same trial. The primary key decides who begins a number.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from steward.adapters.sql.database import Database
from steward.adapters.sql.faults import retried
from steward.adapters.sql.tables import studies, trials
from steward.core.clock import Clock
from steward.core.digest import canonical_json
from steward.models.tune_trials import StudyFacts, Trial
from steward.project.tuning import Setting


class SqlStudyStore:
    """Trials in the database; see `steward.models.tune_trials.StudyStore`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @retried
    def remember(self, facts: StudyFacts) -> None:
        """Remember what a study is about; twice changes nothing."""
        about = {"project": facts.project, "candidate": facts.candidate, "metric": facts.metric}
        values = {"id": facts.key, **about, "asked": canonical_json(facts.asked), "created_at": self._clock.now().isoformat()}
        self._insert(studies, values)

    def trials(self, study: str) -> Sequence[Trial]:
        """Return the trials of a study in the order of their numbers."""
        query = select(trials).where(trials.c.study == study).order_by(trials.c.number)
        with self._database.read() as connection:
            return tuple(_trial(row) for row in connection.execute(query))

    @retried
    def begin(self, study: str, trial: Trial) -> bool:
        """Remember a new trial; False where its number is taken already."""
        return self._insert(trials, {"study": study, "number": trial.number, **_values(trial)})

    @retried
    def swap(self, study: str, before: Trial, after: Trial) -> bool:
        """Replace a running trial; False where it is not running any more, or not as this owner's attempt."""
        mine = trials.c.owner == before.owner, trials.c.attempt == before.attempt, trials.c.state == "running"
        where = trials.c.study == study, trials.c.number == before.number
        with self._database.bulk() as connection:
            changed = connection.execute(update(trials).where(*where, *mine).values(**_values(after)))
            return changed.rowcount == 1

    def _insert(self, table: Any, values: Mapping[str, object]) -> bool:
        try:
            with self._database.bulk() as connection:
                connection.execute(insert(table).values(**values))
        except IntegrityError:
            return False
        return True


def _values(trial: Trial) -> dict[str, object]:
    return {
        "state": trial.state,
        "value": trial.value,
        "settings": canonical_json(dict(trial.settings)),
        "steps": canonical_json(trial.steps),
        "error": trial.error,
        "owner": trial.owner,
        "attempt": trial.attempt,
        "beat": trial.beat,
        "began_s": trial.began_s,
        "seconds": trial.seconds,
    }


def _trial(row: Row[Any]) -> Trial:
    return Trial(
        number=row.number,
        settings={name: _setting(value) for name, value in json.loads(row.settings).items()},
        state=row.state,
        owner=row.owner,
        began_s=row.began_s,
        attempt=row.attempt,
        beat=row.beat,
        seconds=row.seconds,
        value=row.value,
        steps=tuple((step, loss) for step, loss in json.loads(row.steps)),
        error=row.error,
    )


def _setting(value: Any) -> Setting:
    return tuple(value) if isinstance(value, list) else value
