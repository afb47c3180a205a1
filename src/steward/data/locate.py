"""Where is each month's file: in the user's folder, at the publisher, or made up?

In that order. Real months and made-up ones never meet in one data set: where some months are found and
others are not, that is an error; only where none is found is everything simulated.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from steward.core.digest import digest_file
from steward.core.errors import EnvironmentFault, Fault, UsageError, did_you_mean
from steward.core.progress import Progress
from steward.data.fetch import NotPublished, Unreachable, fetch
from steward.project.sources import SourceSpec

Origin = Literal["folder", "url", "simulated"]
Simulate = Callable[[str], Path]

_PERIOD = "period"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One month's file; `sha256` and `bytes` are of the file as it lies there, `detail` says where it came from."""

    period: str
    path: Path
    origin: Origin
    sha256: str
    bytes: int
    detail: str


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of all months that were asked for, in that order."""

    files: tuple[SourceFile, ...]

    @property
    def origin(self) -> Origin:
        """`simulated` if the rows are made up, `url` if any file was fetched, else `folder`."""
        found = {file.origin for file in self.files}
        return "simulated" if "simulated" in found else "url" if "url" in found else "folder"


def locate(spec: SourceSpec, period: str, folder: Path | None) -> Path | None:
    """Return a month's file in the user's folder: the first match of the declared patterns.

    Raises:
        UsageError: DATA-023 there is no such folder, DATA-024 the file is a link out of it, DATA-026 a pattern
            names a variable that nobody declared.
    """
    patterns = [_fill(pattern, spec, period) for pattern in spec.files]
    return None if folder is None else first_match(folder, patterns)


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


def gather(
    spec: SourceSpec,
    periods: Sequence[str],
    folder: Path | None,
    cache: Path,
    simulate: Simulate | None,
    *,
    offline: bool,
    progress: Progress,
) -> Sources:
    """Return the files of some months.

    Args:
        spec: patterns, URL, checksums.
        periods: months as YYYY-MM.
        folder: the user's data, if any.
        cache: where fetched files are kept.
        simulate: makes up one month's file; None where the project has no simulator.
        offline: nothing is fetched; what the cache has is still used.
        progress: told of downloads.

    Raises:
        EnvironmentFault: DATA-020 some months, or all and there is no simulator, are not to be had.
    """
    found: dict[str, SourceFile] = {}
    for period in periods:
        path = locate(spec, period, folder)
        if path is not None and folder is not None:
            found[period] = _source(period, path, "folder", path.relative_to(folder).as_posix())
    missing = [period for period in periods if period not in found]
    fetched, reasons = _fetch_all(spec, missing, cache, progress, offline=offline)
    found |= fetched
    missing = [period for period in missing if period not in found]
    if missing and (found or simulate is None):
        raise EnvironmentFault(_missing(missing, found, folder, reasons))
    if missing and simulate is not None:
        found = {period: _simulated(spec, period, simulate) for period in periods}
    return Sources(tuple(found[period] for period in periods))


def checksum(declared: Mapping[str, str], url: str) -> str | None:
    """Return the SHA-256 declared for a URL, or for the name of its file."""
    return declared.get(url) or declared.get(url.rpartition("/")[2])


def _fetch_all(
    spec: SourceSpec, periods: Sequence[str], cache: Path, progress: Progress, *, offline: bool
) -> tuple[dict[str, SourceFile], dict[str, str]]:
    """Return what the publisher has, and why the other months are not to be had."""
    found: dict[str, SourceFile] = {}
    reasons: dict[str, str] = {}
    for period in periods if spec.url else ():
        url = _fill(spec.url or "", spec, period)
        try:
            path = fetch(url, cache, sha256=checksum(spec.sha256, url), progress=progress, offline=offline)
        except (NotPublished, Unreachable) as error:
            reasons[period] = error.faults[0].what
            # Whoever cannot reach the server once need not wait for it again.
            offline = offline or isinstance(error, Unreachable)
        else:
            found[period] = _source(period, path, "url", url)
    return found, reasons


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


def _source(period: str, path: Path, origin: Origin, detail: str) -> SourceFile:
    return SourceFile(period, path, origin, digest_file(path), path.stat().st_size, detail)


def _simulated(spec: SourceSpec, period: str, simulate: Simulate) -> SourceFile:
    made = spec.simulator
    return _source(
        period, simulate(period), "simulated", f"scenario {made.scenario}, seed {made.seed}, {made.rows:,} rows asked for"
    )


def _missing(missing: Sequence[str], found: Mapping[str, SourceFile], folder: Path | None, reasons: Mapping[str, str]) -> Fault:
    what = f"no data for {', '.join(missing)}"
    if found:
        what += f", though {', '.join(sorted(found))} {'is' if len(found) == 1 else 'are'} there"
    looked = f"looked in {folder}" if folder else "no data folder was given"
    told = "; ".join(f"{period}: {reason}" for period, reason in reasons.items())
    why = f"{looked}; {told or 'nothing was fetched'}; real and simulated months are never mixed"
    return Fault("DATA-020", what, (), why, "give a folder that has them with --data, or take these months out of split")
