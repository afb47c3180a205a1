"""Which implementation stands behind each port? Read from the environment once, handed in from here.

The only place that knows both flows and adapters.
"""

import getpass
import os
import socket
from functools import partial
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from steward.core.clock import Clock, SystemClock
from steward.core.errors import EnvironmentFault, Fault, UsageError
from steward.core.period import Period, as_period
from steward.core.progress import Progress
from steward.core.workspace import Workspace
from steward.flows.ports import Ports
from steward.project.sources import QuerySpec

_ACTOR = 128  # signs of a name that the database keeps


class Settings(BaseSettings):
    """What the environment may say; every name begins with STEWARD_."""

    model_config = SettingsConfigDict(env_prefix="STEWARD_", frozen=True, extra="ignore", env_ignore_empty=True)

    home: Path = Field(Path(".steward"), description="workspace folder; everything Steward remembers is in it")
    data: Path | None = Field(None, description="folder with data files, tried before the publisher's address")
    offline: bool = Field(default=False, description="never ask the network for data")
    database_url: str | None = Field(None, description="another database instead of the workspace's SQLite file")
    actor: str | None = Field(None, description="who gives the commands; the login name by default")
    trackers: str = Field("mlflow", description="who is told of versions, with commas between: mlflow, wandb")


def build_ports(settings: Settings, progress: Progress, clock: Clock | None = None) -> Ports:
    """Open the workspace and its database and put the flows' bundle together.

    Raises:
        EnvironmentFault: the workspace or the database cannot be opened (ENV-001, DB-001).
        UsageError: TRACK-003 a tracker's name is none, or MLflow is missing.
    """
    from steward.adapters.helpers import start_helper
    from steward.adapters.sql.challenges import SqlChallengeStore
    from steward.adapters.sql.database import open_database
    from steward.adapters.sql.experiments import SqlExperimentStore
    from steward.adapters.sql.incidents import SqlIncidentStore
    from steward.adapters.sql.journal import SqlJournal
    from steward.adapters.sql.keys import SqlKeyStore
    from steward.adapters.sql.predictions import SqlPredictionStore
    from steward.adapters.sql.quality import SqlQualityStore
    from steward.adapters.sql.registry import SqlRegistry
    from steward.adapters.sql.runs import SqlRunStore
    from steward.adapters.sql.sketches import SqlSketchStore
    from steward.adapters.sql.warehouse import SqlRowTables
    from steward.adapters.sql.windows import SqlWindowHistory
    from steward.adapters.studies import SqlStudyStore
    from steward.adapters.trackers import open_trackers, say_untold

    workspace = Workspace(settings.home.absolute())
    _refuse_odd_path(workspace.home)
    _make_private(workspace.home)
    clock = clock or SystemClock()
    database = open_database(database_url(settings))
    actor = (settings.actor or f"{_login()}@{socket.gethostname()} (pid {os.getpid()})")[:_ACTOR]
    journal = SqlJournal(database, clock)
    at_home = settings.offline or os.environ.get("WANDB_MODE") == "offline"
    return Ports(
        clock=clock,
        workspace=workspace,
        journal=journal,
        runs=SqlRunStore(database, clock),
        registry=SqlRegistry(database, clock),
        windows=SqlWindowHistory(database, clock),
        sketches=SqlSketchStore(database),
        incidents=SqlIncidentStore(database, clock),
        quality=SqlQualityStore(database, clock),
        experiments=SqlExperimentStore(database, clock),
        studies=SqlStudyStore(database, clock),
        predictions=SqlPredictionStore(database),
        challenges=SqlChallengeStore(database, clock),
        keys=SqlKeyStore(database, clock),
        tables=SqlRowTables(database, clock),
        tracker=open_trackers(settings.trackers, workspace, partial(say_untold, journal, progress, actor), offline=at_home),
        query=ask_source,
        start_helper=partial(start_helper, {"STEWARD_HOME": str(workspace.home), "STEWARD_DATABASE_URL": database_url(settings)}),
        progress=progress,
        actor=actor,
        data=settings.data,
        offline=settings.offline,
    )


def ask_source(spec: QuerySpec, period: str, into: Path) -> Path:
    """Ask the database that a project's source names for one period's rows; the address comes from the environment."""
    from steward.adapters.environment import expand_secret
    from steward.adapters.sql_source import fetch_query, fetch_table

    url = expand_secret(spec.connection, os.environ, key="source.sql.connection")
    if spec.table is not None:
        return fetch_table(url, spec.table, into)
    span = as_period(period)
    told = {"start": span.start, "end": span.end} if isinstance(span, Period) else {}
    return fetch_query(url, spec.query or "", {"period": period, **told}, into)


def database_url(settings: Settings) -> str:
    """Return the address of the database, password included: for a driver or a client, never for a screen."""
    return settings.database_url or f"sqlite:///{Workspace(settings.home.absolute()).database}"


def _refuse_odd_path(home: Path) -> None:
    odd = sorted(set("%?#") & set(str(home)))
    if odd:  # the workspace's databases are named by an address, where these mean something else
        what = f"the workspace's path holds {' and '.join(odd)}: {home}"
        raise UsageError(Fault("ENV-002", what, fix="name another folder:  export STEWARD_HOME=..."))


def _make_private(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        fix = "make the folder writable, or name another one:  export STEWARD_HOME=..."
        raise EnvironmentFault(Fault("ENV-001", f"the workspace {home} cannot be made", why=str(error), fix=fix)) from error


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
