"""How are the sketches of batches kept, so that a window is merged without any of its rows?"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, delete, insert, select

from steward.adapters.sql.database import Database
from steward.adapters.sql.faults import retried
from steward.adapters.sql.tables import sketches
from steward.monitoring.history import StoredSketch

_AT_ONCE = 500


class SqlSketchStore:
    """Sketches in the database; see `steward.monitoring.history.SketchStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, keys: Collection[str]) -> Mapping[str, StoredSketch]:
        """Return those of the sketches that are kept, by their keys."""
        wanted, found = list(keys), dict[str, StoredSketch]()
        with self._database.read() as connection:
            for first in range(0, len(wanted), _AT_ONCE):
                query = select(sketches).where(sketches.c.id.in_(wanted[first : first + _AT_ONCE]))
                for row in connection.execute(query):
                    found[row.id] = _sketch(row)
        return found

    @retried
    def keep(self, sketches_: Sequence[StoredSketch]) -> None:
        """Keep sketches, each in the place of one that carries its key."""
        by_key = {one.key: _values(one) for one in sketches_}
        keys = list(by_key)
        with self._database.write() as connection:
            for first in range(0, len(keys), _AT_ONCE):
                some = keys[first : first + _AT_ONCE]
                connection.execute(delete(sketches).where(sketches.c.id.in_(some)))
                connection.execute(insert(sketches), [by_key[key] for key in some])


def _sketch(row: Row[Any]) -> StoredSketch:
    span = (row.source, row.start_at, row.end_at)
    return StoredSketch(row.id, row.model, row.version, *span, row.row_count, row.content, bytes(row.sketch))


def _values(one: StoredSketch) -> dict[str, object]:
    plain = {"id": one.key, "model": one.model, "version": one.version, "source": one.source, "content": one.content}
    return {**plain, "start_at": one.start, "end_at": one.end, "row_count": one.rows, "sketch": one.packed}
