"""How is MLflow's own database opened, and made where there is none?"""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from steward.core.errors import EnvironmentFault, Fault

if TYPE_CHECKING:
    from mlflow import MlflowClient


def open_mlflow(database: Path) -> "MlflowClient":
    """Return a client of a SQLite file, which is made first where it is not there; nothing is sent anywhere."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own imports warn about their future
        from mlflow import MlflowClient

        for talkative in ("mlflow", "alembic"):  # after the import, which sets levels of its own
            logging.getLogger(talkative).setLevel(logging.WARNING)
        if not database.exists():
            _make_database(database)
        uri = f"sqlite:///{database}"
        return MlflowClient(tracking_uri=uri, registry_uri=uri)


@contextmanager
def told(database: Path, model: str) -> Iterator[None]:
    """Give errors of MLflow and of its database their meaning.

    Raises:
        EnvironmentFault: TRACK-002 it cannot be told of a model.
    """
    try:
        yield
    except Exception as error:
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        if not isinstance(error, MlflowException | SQLAlchemyError):
            raise
        fix = f"see that {database} is whole and can be written, then:  steward experiments tell {model}"
        why = str(error).splitlines()[0][:200]
        raise EnvironmentFault(Fault("TRACK-002", f"MLflow cannot be told of {model}", (str(database),), why, fix)) from error


def _make_database(path: Path) -> None:
    """Let MLflow make its tables beside, then give the file its name.

    MLflow's first migrations are many transactions: a kill between two of them leaves a file that it refuses ever after.
    """
    from mlflow import MlflowClient

    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    beside.unlink(missing_ok=True)
    MlflowClient(tracking_uri=f"sqlite:///{beside}", registry_uri=f"sqlite:///{beside}").search_experiments(max_results=1)
    with suppress(FileExistsError):  # another process was first, and may have filled it already
        os.link(beside, path)
    beside.unlink()
