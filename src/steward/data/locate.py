"""Where is each period's file: in the user's folder, at the publisher, in a database, or made up?

In that order. Real periods and made-up ones never meet in one data set: where some periods are found and
others are not, that is an error; only where none is found is everything simulated.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from steward.core.digest import digest_file
from steward.core.errors import EnvironmentFault, Fault, UsageError, did_you_mean
from steward.data.destination import shown
from steward.data.made_up import origin_of
from steward.data.unavailable import NotPublished, Unreachable
from steward.project.sources import SourceSpec

Origin = Literal["folder", "url", "sql", "simulated", "bent"]

_PERIOD = "period"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One period's file; `sha256` and `bytes` are of the file as it lies there, `detail` says where it came from.

    `table` names the source's table it holds, where there are several; a `whole` file holds other periods too.
    """

    period: str
    path: Path
    origin: Origin
    sha256: str
    bytes: int
    detail: str
    table: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of all periods that were asked for, in that order."""

    files: tuple[SourceFile, ...]

    @property
    def origin(self) -> Origin:
        """`simulated` or `bent` if the rows are made up, `url` if any was fetched, `sql` if a database was asked, else `folder`."""
        found = {file.origin for file in self.files}
        order: tuple[Origin, ...] = ("simulated", "bent", "url", "sql")
        return next((origin for origin in order if origin in found), "folder")


@dataclass(frozen=True, slots=True)
class Located:
    """A file in the user's folder; a `whole` one holds other periods too, for its pattern names none."""

    path: Path
    whole: bool


@dataclass(frozen=True, slots=True)
class Remote:
    """How what is not in the user's folder is brought here; each gives the path of a file in the cache.

    `fetch` takes an address and its SHA-256, `query` a period, `simulate` a period; None where it cannot be had. `unpack`
    gives the file inside an archive, and any other file as it is.
    """

    fetch: Callable[[str, str | None], Path] | None = None
    query: Callable[[str], Path] | None = None
    simulate: Callable[[str], Path] | None = None
    unpack: Callable[[Path], Path] = field(default=lambda path: path)


def locate(patterns: Sequence[str], spec: SourceSpec, period: str, folder: Path | None) -> Located | None:
    """Return a period's file in the user's folder: the first match of the patterns.

    Raises:
        UsageError: DATA-023 there is no such folder, DATA-024 the file is a link out of it, DATA-026 a pattern
            names a variable that nobody declared.
    """
    filled = [(_fill(pattern, spec, period), _is_whole(pattern)) for pattern in patterns]
    for pattern, whole in filled:
        path = first_match(folder, [pattern]) if folder is not None else None
        if path is not None:
            return Located(path, whole)
    return None


def first_match(folder: Path, patterns: Sequence[str]) -> Path | None:
    """Return the first file in a folder that matches a pattern; the alphabetically first of several.

    Raises:
        UsageError: DATA-023 there is no such folder, DATA-024 the file is a link out of it.
    """
    if not folder.is_dir():
        raise UsageError(Fault("DATA-023", "the data folder is not there", (str(folder),), fix="give --data a folder that exists"))
    for pattern in patterns:
        for path in _matches(folder, pattern):
            _refuse_outside(path, folder)
            return path
    return None


def gather(spec: SourceSpec, periods: Sequence[str], folder: Path | None, remote: Remote) -> Sources:
    """Return the files of some periods.

    Args:
        spec: patterns, addresses, tables, checksums.
        periods: months, years or names of parts.
        folder: the user's data, if any.
        remote: how the rest is brought here.

    Raises:
        EnvironmentFault: DATA-020 some periods, or all and there is no simulator, are not to be had.
    """
    found = {period: files for period in periods if (files := _in_folder(spec, period, folder, remote))}
    missing = [period for period in periods if period not in found]
    brought, reasons = _bring_all(spec, missing, remote)
    found |= brought
    missing = [period for period in missing if period not in found]
    if missing and (found or remote.simulate is None):
        raise EnvironmentFault(_missing(missing, found, folder, reasons))
    if missing and remote.simulate is not None:
        found = {period: _simulated(spec, period, remote.simulate(period)) for period in periods}
    return Sources(tuple(file for period in periods for file in found[period]))


def checksum(declared: Mapping[str, str], url: str) -> str | None:
    """Return the SHA-256 declared for a URL, or for the name of its file."""
    return declared.get(url) or declared.get(url.rpartition("/")[2])


def _in_folder(spec: SourceSpec, period: str, folder: Path | None, remote: Remote) -> tuple[SourceFile, ...]:
    """Return what the user's folder has of a period: one file, or one of each table; nothing where any is missing."""
    if folder is None:
        return ()
    found = locate(spec.files, spec, period, folder)
    if found is not None:
        return (_located(period, found, folder, remote),)
    tables = {name: locate(table.files, spec, period, folder) for name, table in spec.tables.items()}
    if None in tables.values():
        return ()
    return tuple(_located(period, found, folder, remote, name) for name, found in tables.items() if found)


def _located(period: str, found: Located, folder: Path, remote: Remote, table: str = "") -> SourceFile:
    detail = found.path.relative_to(folder).as_posix()
    path = remote.unpack(found.path)
    return _source(period, path, origin_of(path) or "folder", detail, table=table, whole=found.whole)


def _is_whole(pattern: str) -> bool:
    return "{" + _PERIOD + "}" not in pattern


def _bring_all(
    spec: SourceSpec, periods: Sequence[str], remote: Remote
) -> tuple[dict[str, tuple[SourceFile, ...]], dict[str, str]]:
    """Return what the publisher or the database has, and why the other periods are not to be had."""
    found: dict[str, tuple[SourceFile, ...]] = {}
    reasons: dict[str, str] = {}
    for period in periods:
        try:
            files = _brought(spec, period, remote)
        except (NotPublished, Unreachable) as error:
            reasons[period] = error.faults[0].what
        else:
            found |= {period: files} if files else {}
    return found, reasons


def _brought(spec: SourceSpec, period: str, remote: Remote) -> tuple[SourceFile, ...]:
    if spec.sql is not None and remote.query is not None:
        return (_source(period, remote.query(period), "sql", spec.sql.table or "query"),)
    return () if remote.fetch is None else _fetched(spec, period, remote.fetch, remote.unpack)


def _fetched(
    spec: SourceSpec, period: str, fetch: Callable[[str, str | None], Path], unpack: Callable[[Path], Path]
) -> tuple[SourceFile, ...]:
    """Return the publisher's file of a period, or its file of each table."""

    def bring(pattern: str, table: str = "") -> SourceFile:
        url = _fill(pattern, spec, period)
        path = unpack(fetch(url, checksum(spec.sha256, url)))
        return _source(period, path, "url", shown(url), table=table, whole=_is_whole(pattern))

    if spec.url is not None:
        return (bring(spec.url),)
    addresses = {name: table.url for name, table in spec.tables.items() if table.url}
    if len(addresses) < len(spec.tables):
        return ()
    return tuple(bring(pattern, name) for name, pattern in addresses.items())


def _fill(pattern: str, spec: SourceSpec, period: str) -> str:
    values = {**spec.variables, _PERIOD: period}
    try:
        return pattern.format_map(values)
    except KeyError as error:
        name = str(error.args[0])
        fault = Fault(
            "DATA-026", f"the pattern {pattern!r} names {name!r}, which is no variable", ("source",), fix=did_you_mean(name, values)
        )
        raise UsageError(fault) from error


def _matches(folder: Path, pattern: str) -> list[Path]:
    if Path(pattern).is_absolute():
        raise UsageError(_outside(Path(pattern), folder))
    literal = folder / pattern
    if literal.is_file():
        return [literal]
    return sorted(path for path in folder.glob(pattern) if path.is_file())


def _refuse_outside(path: Path, folder: Path) -> None:
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UsageError(_outside(path, folder))


def _outside(path: Path, folder: Path) -> Fault:
    why = f"only files inside {folder} are read"
    return Fault("DATA-024", "the file lies outside the data folder", (str(path),), why, "copy the file into the folder")


def _source(period: str, path: Path, origin: Origin, detail: str, *, table: str = "", whole: bool = False) -> SourceFile:
    return SourceFile(period, path, origin, digest_file(path), path.stat().st_size, detail, table, whole)


def _simulated(spec: SourceSpec, period: str, path: Path) -> tuple[SourceFile, ...]:
    made = spec.simulator
    return (_source(period, path, "simulated", f"scenario {made.scenario}, seed {made.seed}, {made.rows:,} rows asked for"),)


def _missing(missing: Sequence[str], found: Mapping[str, object], folder: Path | None, reasons: Mapping[str, str]) -> Fault:
    what = f"no data for {', '.join(missing)}"
    if found:
        what += f", though {', '.join(sorted(found))} {'is' if len(found) == 1 else 'are'} there"
    looked = f"looked in {folder}" if folder else "no data folder was given"
    told = "; ".join(f"{period}: {reason}" for period, reason in reasons.items())
    why = f"{looked}; {told or 'nothing was fetched'}; real and simulated rows are never mixed"
    return Fault("DATA-020", what, (), why, "give a folder that has them with --data, or take these periods out of split")
