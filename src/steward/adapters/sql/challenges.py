"""Which challenges are there, what did shadows answer, and what came of the predictions beside them?"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, select, update

from steward.adapters.sql.database import Database
from steward.adapters.sql.faults import retried
from steward.adapters.sql.journal import append_entry
from steward.adapters.sql.tables import challenges, outcomes, predictions, shadow_answers
from steward.core.clock import Clock
from steward.core.digest import canonical_json
from steward.core.errors import Fault, Refused, UsageError
from steward.serving.challenge import Challenge, Ended, Seen, ShadowAnswer
from steward.serving.history import Outcome

_AT_ONCE = 500
_BEGUN_LAST = (challenges.c.since.desc(), challenges.c.id)


class SqlChallengeStore:
    """Challenges in the database; see `steward.serving.challenge.ChallengeStore`. The journal is told of begin and end."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def now(self, model: str) -> Challenge | None:
        """Return the challenge of a model that has not ended."""
        with self._database.read() as connection:
            return _now(connection, model)

    def newest(self, model: str) -> Challenge | None:
        """Return the challenge of a model that began last, ended or not."""
        with self._database.read() as connection:
            mine = select(challenges).where(challenges.c.model == model).order_by(*_BEGUN_LAST).limit(1)
            row = connection.execute(mine).one_or_none()
        return None if row is None else _challenge(row)

    @retried
    def start(self, challenge: Challenge, *, actor: str) -> None:
        """Keep a new challenge; Refused SERVE-121 while another one of the model has not ended."""
        with self._database.write() as connection:
            other = _now(connection, challenge.model)
            if other is not None:
                raise Refused(already_on(other))
            connection.execute(insert(challenges), [_values(challenge)])
            plain = {"mode": challenge.mode, "steps": list(challenge.steps), "every_s": challenge.every_s}
            detail = {**plain, "entity": challenge.entity, "against": challenge.against, "challenge": challenge.id}
            self._tell(connection, "challenge.started", challenge, detail, actor)

    @retried
    def end(self, id_: str, ended: Ended, detail: Mapping[str, object], *, actor: str) -> Challenge:
        """End a challenge and let the journal keep `detail`; one that ended before stays as it is.

        Raises:
            UsageError: SERVE-120 there is no such challenge.
        """
        with self._database.write() as connection:
            row = connection.execute(select(challenges).where(challenges.c.id == id_)).one_or_none()
            if row is None:
                raise UsageError(Fault("SERVE-120", "there is no such challenge", fix="see  steward challenge PROJECT"))
            challenge = _challenge(row)
            if challenge.ended is not None:
                return challenge
            change = update(challenges).where(challenges.c.id == id_)
            connection.execute(change.values(ended_at=_text(ended.at), ended_how=ended.how))
            self._tell(connection, f"challenge.{ended.how}", challenge, {**detail, "challenge": id_}, actor)
            return replace(challenge, ended=ended)

    @retried
    def keep_shadows(self, answers: Sequence[ShadowAnswer]) -> int:
        """Keep those that are not kept yet, by id, and return how many that were; all or none where it raises."""
        by_id = {one.id: _shadow(one) for one in answers}
        ids = list(by_id)
        with self._database.write() as connection:
            for first in range(0, len(ids), _AT_ONCE):
                known = select(shadow_answers.c.id).where(shadow_answers.c.id.in_(ids[first : first + _AT_ONCE]))
                for id_ in connection.scalars(known):
                    del by_id[id_]
            if by_id:
                connection.execute(insert(shadow_answers), list(by_id.values()))
        return len(by_id)

    def seen(self, challenge: Challenge) -> Iterator[Seen]:
        """Return the predictions that both versions gave while the challenge was on, oldest first, a few at a time."""
        shadow = and_(shadow_answers.c.prediction == predictions.c.id, shadow_answers.c.challenge == challenge.id)
        told = predictions.outerjoin(outcomes, outcomes.c.prediction == predictions.c.id).outerjoin(shadow_answers, shadow)
        columns = (predictions, outcomes.c.value, outcomes.c.label, outcomes.c.at.label("held_at"), shadow_answers.c.answer_json)
        mine = (predictions.c.model == challenge.model) & predictions.c.version.in_((challenge.against, challenge.version))
        when = (predictions.c.at >= challenge.since.isoformat()) & predictions.c.answer_json.contains(challenge.id)
        query = select(*columns[:-1], columns[-1].label("shadow_json")).select_from(told).where(mine & when)
        ordered = query.order_by(predictions.c.at, predictions.c.id).execution_options(yield_per=_AT_ONCE)
        with self._database.read() as connection:
            for one in map(_seen, connection.execute(ordered)):
                if one.answer.get("challenge") == challenge.id:
                    yield one

    def _tell(self, connection: Connection, kind: str, challenge: Challenge, detail: Mapping[str, object], actor: str) -> None:
        subject = f"{challenge.model} v{challenge.version}"
        append_entry(connection, self._clock, kind, subject, detail, actor=actor, key=f"{kind}:{challenge.id}")


def already_on(other: Challenge) -> Fault:
    """Return what is said to whoever begins a challenge while another one is on."""
    what = f"v{other.version} challenges {other.model} v{other.against} already"
    return Fault(
        "SERVE-121", what, why=f"begun by {other.by} at {other.since}", fix="end it first:  steward challenge PROJECT --stop"
    )


def _now(connection: Connection, model: str) -> Challenge | None:
    on = (challenges.c.model == model) & challenges.c.ended_at.is_(None)
    row = connection.execute(select(challenges).where(on).order_by(*_BEGUN_LAST).limit(1)).one_or_none()
    return None if row is None else _challenge(row)


def _values(challenge: Challenge) -> dict[str, object]:
    same = ("id", "model", "version", "against", "mode", "every_s", "entity", "salt")
    plain = {name: getattr(challenge, name) for name in same} | {"started_by": challenge.by}
    return {**plain, "steps": canonical_json(list(challenge.steps)), "since": _text(challenge.since)}


def _challenge(row: Row[Any]) -> Challenge:
    since, ended_at = datetime.fromisoformat(row.since), row.ended_at
    ended = None if ended_at is None else Ended(datetime.fromisoformat(ended_at), row.ended_how)
    who = (row.id, row.model, row.version, row.against, row.mode, tuple(json.loads(row.steps)))
    return Challenge(*who, row.every_s, row.entity, row.salt, since, row.started_by, ended)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")  # texts of one length sort as the times do


def _shadow(answer: ShadowAnswer) -> dict[str, object]:
    plain = {"id": answer.id, "prediction": answer.prediction, "challenge": answer.challenge, "model": answer.model}
    return {**plain, "version": answer.version, "at": answer.at, "answer_json": canonical_json(answer.answer)}


def _seen(row: Row[Any]) -> Seen:
    outcome = None if row.held_at is None else Outcome(row.id, row.value, row.label, row.held_at)
    shadow = None if row.shadow_json is None else json.loads(row.shadow_json)
    return Seen(row.id, row.version, row.at, json.loads(row.row_json), json.loads(row.answer_json), outcome, shadow)
