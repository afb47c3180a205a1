"""Which rows are also kept as tables of the database, for questions in SQL?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # who only asks for tables need not wait for a library of frames
    import polars as pl


@dataclass(frozen=True, slots=True)
class LoadedRows:
    """What a load did: how many rows it wrote, which parts it wrote, which were there already, which it took away."""

    rows: int
    loaded: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowView:
    """A view: rows of a table counted over groups, with the means of some numbers; `hour_of` groups by a time's hour too."""

    name: str
    table: str
    hour_of: str | None
    by: tuple[str, ...]
    mean: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableFacts:
    """A table of the database: whose rows it holds (empty: Steward's own records), in how many parts, and how many."""

    name: str
    project: str
    parts: int
    rows: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows that answer a question; `more` where there are more than were asked for."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    more: bool


class RowTables(Protocol):
    """The database as far as rows and questions go: the SQL store."""

    @property
    def address(self) -> str:
        """Where it is, without the password."""
        ...

    def load(self, project: str, table: str, frame: "pl.DataFrame", *, indexes: Sequence[tuple[str, ...]] = ()) -> LoadedRows:
        """Make a table hold exactly these rows, writing only the parts (values of `period`) that differ."""
        ...

    def make_view(self, view: RowView) -> None:
        """Make a view, in place of one of the same name."""
        ...

    def tables(self) -> Sequence[TableFacts]:
        """Return all tables by name."""
        ...

    def views(self) -> Sequence[str]:
        """Return the names of all views, sorted."""
        ...

    def ask(self, sql: str, *, limit: int) -> Answer:
        """Answer one question without changing anything."""
        ...
