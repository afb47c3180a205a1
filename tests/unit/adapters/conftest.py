"""One migrated database of each kind for the whole session, emptied before each test: migrating is the slow part."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from tests.servers import DATABASES

from steward.adapters.mlflow import MlflowTracker
from steward.adapters.mlflow.database import open_mlflow
from steward.adapters.sql.database import Database, open_database
from steward.adapters.sql.tables import metadata
from steward.core.journal import GENESIS


@pytest.fixture(scope="session")
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Database]]:
    opened: dict[str, Database] = {}

    def give(kind: str) -> Database:
        if kind not in opened:
            folder: Path = tmp_path_factory.mktemp("database")
            opened[kind] = open_database(_empty(request, kind, folder))
        return opened[kind]

    yield give
    for database in opened.values():
        database.close()


def _empty(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    if kind == "sqlite":
        return f"sqlite:///{folder / 'steward.db'}"
    server = request.getfixturevalue(kind)
    server.sql("CREATE DATABASE shared")
    return str(server.url("shared"))


@pytest.fixture
def store_of(migrated: Callable[[str], Database]) -> Callable[[str], Database]:
    """A function that gives an empty database of a kind, at the current schema."""

    def give(kind: str) -> Database:
        database = migrated(kind)
        _drop_row_tables(database)
        with database.bulk() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
            connection.execute(text("INSERT INTO journal_head (id, number, hash) VALUES (1, 0, :hash)"), {"hash": GENESIS})
        return database

    return give


def _drop_row_tables(database: Database) -> None:
    known = {*metadata.tables, "alembic_version"}
    quote = database.engine.dialect.identifier_preparer.quote
    with database.bulk() as connection:
        for name in inspect(connection).get_view_names():
            if name not in {"model_leaderboard", "quality_over_time", "drift_over_time"}:
                connection.exec_driver_sql(f"DROP VIEW {quote(name)}")
        for name in set(inspect(connection).get_table_names()) - known:
            connection.exec_driver_sql(f"DROP TABLE {quote(name)}")


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, store_of: Callable[[str], Database]) -> Database:
    """An empty database at the current schema, once of each kind."""
    return store_of(request.param)


@pytest.fixture(scope="session")
def empty_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's own database with nothing in it: making one takes seconds."""
    path: Path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    open_mlflow(path)
    return path


@pytest.fixture
def mlflow_tracker(empty_mlflow: Path, tmp_path: Path) -> Callable[[str], MlflowTracker]:
    """A function that gives a tracker of an empty database, or of the one it gave before under that name."""

    def give(name: str) -> MlflowTracker:
        folder = tmp_path / name
        if not folder.exists():
            folder.mkdir()
            shutil.copy(empty_mlflow, folder / "mlflow.db")
        return MlflowTracker(folder / "mlflow.db", folder / "artifacts")

    return give
