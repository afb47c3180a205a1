"""What is old enough to be removed from the log and the database? A project says after how many days."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from steward.flows.ports import Ports
from steward.flows.ship import cursor_path
from steward.project.read import Project
from steward.serving.history import Removed
from steward.serving.log import is_being_written, segments_in
from steward.serving.ship import alone, is_shipped, read_cursor, write_cursor
from steward.serving.unfinished import clear_unfinished


@dataclass(frozen=True, slots=True)
class Cleared:
    """How many segments were removed, and what was taken out of the database."""

    segments: int
    removed: Removed


def clear_old(project: Project, ports: Ports) -> Cleared:
    """Remove what is older than `serving.retention_days`; nothing where the project names none.

    A segment goes when all that was written to it is that old and in the database, and nobody writes to it any more: a
    record may so stay for as long as its segment is written to, which a server ends every day. What a killed `score --log` left
    goes whatever its age: it never becomes part of the log.

    Raises:
        StewardError: the database does not answer (DB-003 to DB-006); what was removed so far stays so.
    """
    days, name = project.spec.serving.retention_days, project.spec.name
    if days is None:
        return Cleared(0, Removed(0, 0))
    before = ports.clock.now() - timedelta(days=days)
    folders = (ports.workspace.predictions / name, ports.workspace.outcomes / name, ports.workspace.shadows / name)
    with alone(folders[0], wait=True):
        unfinished, _ = clear_unfinished(folders[0])
        segments = unfinished + sum(_clear(folder, before.timestamp(), cursor_path(folder, ports)) for folder in folders)
        removed = ports.predictions.remove_before(name, before.isoformat())
    cleared = Cleared(segments, removed)
    if segments or removed != Removed(0, 0):
        detail = {
            "before": before.isoformat(),
            "segments": segments,
            "predictions": removed.predictions,
            "outcomes": removed.outcomes,
        }
        key = f"predictions.expired:{name}:{before.isoformat()}"
        ports.journal.append("predictions.expired", f"model {name}", detail, actor=ports.actor, key=key)
    return cleared


def _clear(folder: Path, before_s: float, cursor: Path) -> int:
    """Remove a folder's old segments and return how many."""
    kept = read_cursor(cursor)
    old = [segment for segment in segments_in(folder) if segment.stat().st_mtime < before_s]
    gone = [segment for segment in old if not is_being_written(segment) and is_shipped(segment, kept)]
    # The cursors first: a later segment of the same name must not be taken for one that was shipped.
    for path in folder.glob("shipped-*.json") if gone else ():
        names = {segment.name for segment in gone}
        write_cursor(path, {name: at for name, at in read_cursor(path).items() if name not in names})
    for segment in gone:
        segment.unlink()
    return len(gone)
