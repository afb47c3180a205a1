"""How do the logged predictions and outcomes of a project come into the database, each exactly once?"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from steward.core.digest import digest_bytes
from steward.core.errors import StewardError
from steward.flows.ports import Ports
from steward.serving.challenge import shadow_of
from steward.serving.history import Given
from steward.serving.outcomes import Status, told_of
from steward.serving.ship import Backlog, Waiting, alone, among_unshipped, read_cursor, unshipped, write_cursor

_LOOKED_THROUGH = 4 << 20  # bytes of the log's end: far more than a second's requests


@dataclass(frozen=True, slots=True)
class Shipped:
    """How many predictions and tellings of outcomes were new to the database."""

    predictions: int
    outcomes: int


def ship(model: str, ports: Ports, *, again: bool = False, wait: bool = True) -> Shipped:
    """Bring into the database what the log holds and the database has not.

    Args:
        model: whose log.
        ports: the outside world.
        again: from the beginning, whatever was brought before: for a database that lost some of it.
        wait: until a process that is at the same has ended; else nothing is done where there is one.

    Raises:
        StewardError: the database does not take it (DB-003 to DB-006); what was kept so far stays, the rest waits.
    """
    with alone(ports.workspace.predictions / model, wait=wait) as mine:
        if not mine:
            return Shipped(0, 0)
        predictions = _ship(ports.workspace.predictions / model, partial(_keep_predictions, ports, model), ports, again=again)
        outcomes = _ship(ports.workspace.outcomes / model, partial(_keep_outcomes, ports), ports, again=again)
        _ship(ports.workspace.shadows / model, partial(_keep_shadows, ports), ports, again=again)
        return Shipped(predictions, outcomes)


def has_lost_all(model: str, ports: Ports) -> bool:
    """Tell whether the database has no prediction of a model at all, as one that was made anew: then the log brings them again."""
    return not ports.predictions.predictions(model, limit=1)


def backlog(model: str, ports: Ports) -> Callable[[], tuple[Waiting, Waiting]]:
    """Return a function that says what of predictions and of outcomes waits; it remembers what it has counted."""
    folders = (ports.workspace.predictions / model, ports.workspace.outcomes / model)
    looks = [(Backlog(folder), cursor_path(folder, ports)) for folder in folders]

    def look() -> tuple[Waiting, Waiting]:
        predictions, outcomes = (found.look(read_cursor(path)) for found, path in looks)
        return predictions, outcomes

    return look


def cursor_path(folder: Path, ports: Ports) -> Path:
    """Return where it is kept how much of a folder's log the database of now has; another database has its own."""
    return folder / f"shipped-{digest_bytes(ports.tables.address.encode())[:12]}.json"


def look_up(model: str, ports: Ports, ids: Collection[str], *, ask_database: bool = True) -> Mapping[str, Status]:
    """Say of each id whether a prediction has it: in the database, or in what of the log is not there yet.

    Without `ask_database`, or where the database does not answer, what is not in the log's end stays unchecked.
    """
    folder = ports.workspace.predictions / model
    # The log before the database: what is shipped between the two looks is found by the second.
    waiting, complete = among_unshipped(folder, read_cursor(cursor_path(folder, ports)), ids, max_bytes=_LOOKED_THROUGH)
    rest = frozenset(ids) - waiting.keys()
    try:
        kept = ports.predictions.known(rest) if ask_database and rest else frozenset[str]()
    except StewardError:
        kept, complete = frozenset(), False
    otherwise: Status = "unknown" if complete and ask_database else "unchecked"
    return {one: "known" if one in waiting or one in kept else otherwise for one in ids}


def _ship(folder: Path, keep: Callable[[Sequence[Mapping[str, Any]]], int], ports: Ports, *, again: bool) -> int:
    path = cursor_path(folder, ports)
    new = 0
    for batch in unshipped(folder, {} if again else read_cursor(path)):
        new += keep(batch.records) if batch.records else 0
        write_cursor(path, batch.cursor)
    return new


def _keep_predictions(ports: Ports, model: str, records: Sequence[Mapping[str, Any]]) -> int:
    return ports.predictions.keep_predictions([_given(record) for record in records if record.get("model") == model])


def _keep_outcomes(ports: Ports, records: Sequence[Mapping[str, Any]]) -> int:
    return ports.predictions.keep_outcomes([told_of(record) for record in records])


def _keep_shadows(ports: Ports, records: Sequence[Mapping[str, Any]]) -> int:
    return ports.challenges.keep_shadows([shadow_of(record) for record in records])


def _given(record: Mapping[str, Any]) -> Given:
    answer = dict(record)
    take = answer.pop
    return Given(take("prediction_id"), take("model"), take("version"), take("at"), take("row"), answer)
