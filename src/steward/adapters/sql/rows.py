"""How does a table come to hold some rows, part by part, each written once and as a whole?

`row_tables` says which part of which table has which content. A part and its entry are written in one
transaction: whatever is stopped in between leaves the part as it was, and the next load goes on there.
"""

import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Connection, Index, Table, delete, insert, inspect, select
from sqlalchemy.schema import CreateIndex

from steward.adapters.sql.bulk import insert_rows
from steward.adapters.sql.database import Database
from steward.adapters.sql.engines import make_loading_engine
from steward.adapters.sql.faults import retried
from steward.adapters.sql.layout import Layout, found_layout, layout_of, make_index, make_table, need_column, storable
from steward.adapters.sql.tables import row_tables
from steward.core.clock import Clock, SystemClock
from steward.core.digest import digest_bytes
from steward.core.errors import Fault, Refused, UsageError
from steward.data.tables import LoadedRows

PERIOD = "period"
_Parts = Mapping[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class _Target:
    """The table that rows are brought into, and what its entries say beside the content."""

    table: Table
    layout: Layout
    part: str
    project: str
    clock: Clock

    @property
    def name(self) -> str:
        return self.table.name


def load_rows(
    database: Database,
    table: str,
    frame: pl.DataFrame,
    *,
    part: str = PERIOD,
    indexes: Sequence[tuple[str, ...]] = (),
    project: str = "",
    whole: bool = False,
    clock: Clock | None = None,
) -> LoadedRows:
    """Bring rows into a table, which is made where it is not there; a part with known content is not written again.

    Rows with other columns than the table has are taken only where they replace all that is in it.

    Args:
        database: at the current schema.
        table: its name; one that Steward did not fill is never touched.
        frame: the rows; those with the same value of `part` are one part.
        part: a column without empty cells; the table gets an index on it.
        indexes: columns of more indexes.
        project: whose rows they are.
        whole: whether the table shall hold nothing but these rows.
        clock: tells when they were loaded.

    Raises:
        UsageError: DB-020, DB-021 rows that no table keeps exactly, DB-023 no such column, DB-025 rows without a part.
        Refused: DB-022 the table holds something else.
        EnvironmentFault: DB-003 the server went away, DB-004 it was busy; what was not finished left nothing.
    """
    rows = storable(frame)
    layout = layout_of(rows)
    target = _Target(make_table(table, layout), layout, part, project, clock or SystemClock())
    parts = _parts(rows, part)
    wanted = [make_index(table, layout, columns) for columns in dict.fromkeys(((part,), *indexes))]
    with database.only_one(f"rows {table}"), _loading(database) as loader:
        gone = {*_make_room(loader, target, parts, whole=whole)}
        with ThreadPoolExecutor(1) as pool:  # the next part's digest is made while one is on its way
            digests = {label: pool.submit(_digest, content) for label, content in parts.items()}
            written = {name: _write_part(loader, target, name, parts[name], made.result()) for name, made in digests.items()}
        gone |= {*_remove_others(loader, target, parts)} if whole else set()
        _make_indexes(loader, table, wanted)
    loaded = tuple(label for label, new in written.items() if new)
    unchanged = tuple(label for label, new in written.items() if not new)
    return LoadedRows(sum(parts[label].height for label in loaded), loaded, unchanged, tuple(sorted(gone - parts.keys())))


@contextmanager
def _loading(database: Database) -> Iterator[Database]:
    """Give a way in that bulk loads may use."""
    if database.kind != "mysql":
        yield database
        return
    loader = Database(make_loading_engine(database.engine.url))
    try:
        yield loader
    finally:
        loader.close()


def _parts(rows: pl.DataFrame, part: str) -> dict[str, pl.DataFrame]:
    need_column(part, rows.columns, "the load")
    if empty := rows[part].null_count():
        what = f"{empty:,} rows have no {part}"
        raise UsageError(Fault("DB-025", what, why="rows are loaded, and loaded again, by it", fix=f"fill the column {part!r}"))
    runs = rows[part].rle().struct.unnest()
    if runs["value"].is_duplicated().any():
        rows = rows.sort(part, maintain_order=True)
        runs = rows[part].rle().struct.unnest()
    starts = runs["len"].cum_sum() - runs["len"]
    return {str(value): rows.slice(start, rows_) for start, rows_, value in zip(starts, runs["len"], runs["value"], strict=True)}


def _make_room(loader: Database, target: _Target, parts: Collection[str], *, whole: bool) -> Collection[str]:
    """Make the table, or make it anew for other columns; return the parts that went with the old one."""
    with loader.bulk() as connection:
        known = connection.execute(select(row_tables.c.part).where(row_tables.c.table_name == target.name)).scalars().all()
        there = inspect(connection).has_table(target.name)
        if there and found_layout(inspect(connection).get_columns(target.name)) == target.layout:
            _refuse_foreign(connection, target, known)
            return ()
        if there:
            _refuse_foreign(connection, target, known)
            _refuse_other_columns(connection, target, () if whole else set(known) - set(parts))
        # First the entries, then the rows: MariaDB commits at each change of a table.
        connection.execute(delete(row_tables).where(row_tables.c.table_name == target.name))
        if there:
            cascade = " CASCADE" if connection.dialect.name == "postgresql" else ""  # views on it are made anew after the load
            quoted = connection.dialect.identifier_preparer.quote_identifier(target.name)
            connection.exec_driver_sql(f"DROP TABLE {quoted}{cascade}")
        target.table.create(connection)
        # Rows come in the order of their parts: this index costs next to nothing while they do, and much afterwards.
        connection.execute(CreateIndex(make_index(target.name, target.layout, (target.part,))))
        return known


def _refuse_foreign(connection: Connection, target: _Target, known: Collection[str]) -> None:
    if not known and connection.execute(select(1).select_from(target.table).limit(1)).first() is not None:
        what = f"the table {target.name!r} holds rows that Steward did not load"
        raise Refused(Fault("DB-022", what, fix="rename or drop it, or give Steward a database of its own"))


def _refuse_other_columns(connection: Connection, target: _Target, kept: Collection[str]) -> None:
    if kept:
        found = found_layout(inspect(connection).get_columns(target.name))
        differ = sorted(name for name in {*found, *target.layout} if found.get(name) != target.layout.get(name))
        what = f"the rows have other columns than the table {target.name!r}: {', '.join(differ)}"
        why = f"it also holds {', '.join(sorted(kept))}, which these rows do not replace"
        raise Refused(Fault("DB-022", what, why=why, fix="load all parts together"))


@retried
def _write_part(loader: Database, target: _Target, label: str, content: pl.DataFrame, digest: str) -> bool:
    """Write one part with its entry; tell whether that was needed."""
    mine = (row_tables.c.table_name == target.name) & (row_tables.c.part == label)
    with loader.bulk() as connection:
        known = connection.execute(select(row_tables.c.digest).where(mine)).scalar_one_or_none()
        if known == digest:
            return False
        if known is not None:
            connection.execute(delete(target.table).where(target.table.c[target.part] == content[target.part][0]))
            connection.execute(delete(row_tables).where(mine))
        insert_rows(connection, target.table, content)
        entry = {"table_name": target.name, "part": label, "project": target.project, "digest": digest}
        at = target.clock.now().isoformat()
        connection.execute(insert(row_tables).values(**entry, row_count=content.height, loaded_at=at))
    return True


@retried
def _remove_others(loader: Database, target: _Target, parts: _Parts) -> Collection[str]:
    """Take away the parts that are not among these and return their names."""
    mine = row_tables.c.table_name == target.name
    with loader.bulk() as connection:
        known = connection.execute(select(row_tables.c.part).where(mine)).scalars().all()
        gone = [label for label in known if label not in parts]
        if gone:
            kept = [content[target.part][0] for content in parts.values()]
            connection.execute(delete(target.table).where(target.table.c[target.part].not_in(kept)))
            connection.execute(delete(row_tables).where(mine & row_tables.c.part.in_(gone)))
    return gone


def _make_indexes(loader: Database, table: str, wanted: Sequence[Index]) -> None:
    # After the rows: many rows are sorted once faster than each is put in its place.
    with loader.bulk() as connection:
        there = {index["name"] for index in inspect(connection).get_indexes(table)}
        for index in wanted:
            if index.name not in there:
                connection.execute(CreateIndex(index))


def _digest(content: pl.DataFrame) -> str:
    """Return the digest of some rows in their order, with their columns and types."""
    file = io.BytesIO()
    content.rechunk().write_parquet(file, compression="uncompressed", statistics=False)
    return digest_bytes(file.getvalue())
