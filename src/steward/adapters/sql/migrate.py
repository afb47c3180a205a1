"""At which schema is a database, and how does it come to the current one?"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from steward.core.errors import EnvironmentFault, Fault

# The newest revision under migrations/versions; a test keeps the two equal. Comparing one row with it
# saves every command the half second that importing Alembic costs.
HEAD = "0007"


def is_current(connection: Connection) -> bool:
    """Tell whether the tables are of this Steward's schema.

    Raises:
        EnvironmentFault: DB-002 a newer Steward wrote them.
    """
    found = revision(connection)
    if found is not None and found > HEAD:
        what = f"the database is at schema {found}; this Steward knows up to {HEAD}"
        raise EnvironmentFault(Fault("DB-002", what, fix="install the newer Steward that wrote it:  pip install -U steward"))
    return found == HEAD


def revision(connection: Connection) -> str | None:
    """Return the schema's revision; None in an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def upgrade(connection: Connection) -> None:
    """Run the missing migrations; a process that was killed in one of them left nothing, or what the next try completes."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
