"""What would a period look like in another world, or if something broke? Made-up rows, or real ones bent on purpose."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from steward.core.digest import digest_file
from steward.core.errors import EnvironmentFault, Fault, UsageError, unknown_name
from steward.data.assemble import PERIOD
from steward.data.bend import Reach, bend_rows
from steward.data.locate import SourceFile, locate
from steward.data.made_up import MadeUp, write_made_up
from steward.data.simulate import load_simulator, simulate_file
from steward.flows.ports import Ports
from steward.flows.sources import gather_sources, read_files
from steward.project.bends import parse_bend, parse_segment
from steward.project.periods import refuse_odd_period
from steward.project.read import Project
from steward.project.spec import DriftCase

_ORDINARY = "none"


@dataclass(frozen=True, slots=True)
class SimulateOptions:
    """What is asked for.

    `scenario` is a world of the simulator, or the name of a case of the drift plan; `origin` says which rows are bent; `bends`
    and `segment` are as they were written, `start` and `end` ISO 8601, in the zone of the data where they name no offset; `seed`
    is of the bends' draws. `output` is a Parquet file whose name holds the period, or a folder.
    """

    period: str
    scenario: str = _ORDINARY
    origin: Literal["simulator", "rows"] = "simulator"
    bends: tuple[str, ...] = ()
    segment: str | None = None
    start: str | None = None
    end: str | None = None
    gradual: bool = False
    seed: int = 7
    output: Path | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A file, what its rows are, how many there are and were before they were bent, and the command that watches them."""

    path: Path
    origin: MadeUp
    rows: int
    before: int
    sentence: str
    watch: str


def simulate(project: Project, where: str, options: SimulateOptions, ports: Ports) -> Made:
    """Write one period's rows as another world would have them.

    Raises:
        UsageError: SIM-001 there is no simulator, SIM-002 no such scenario, SIM-010 to SIM-016 a bend, a segment or a time
            cannot be read or does not fit the rows, SIM-017 or SIM-019 the file cannot be that one, SIM-018 nothing says where
            bent rows should go.
        EnvironmentFault: SIM-020 there are no real rows of this period.
    """
    refuse_odd_period(project, options.period)
    options = _from_plan(project, options)
    bends = [parse_bend(text) for text in options.bends]
    if options.output is None and options.origin == "simulator" and not bends:
        return _plain(project, where, options, ports)
    reach = _reach(project, options)
    path = _output(project, options)
    frame, sentence = _rows(project, options, ports)
    bent = bend_rows(frame, bends, _timed(reach, frame), seed=options.seed)
    origin: MadeUp = "simulated" if options.origin == "simulator" else "bent"
    facts = {
        "project": project.spec.name,
        "period": options.period,
        "scenario": options.scenario,
        "bends": list(options.bends),
        "segment": options.segment,
        "gradual": options.gradual,
        "seed": options.seed,
    }
    write_made_up(bent, path, origin, facts)
    told = "; ".join([sentence, *(str(bend) for bend in bends)])
    return Made(path, origin, bent.height, frame.height, told, _command(project, where, options.period, path))


def plan_names(project: Project) -> tuple[str, ...]:
    """Return the names of the drift plan's cases whose rows are bent."""
    return tuple(case.name for case in project.spec.watch.cases if case.name)


def _from_plan(project: Project, options: SimulateOptions) -> SimulateOptions:
    """Return what a named case of the drift plan asks for; anything else as it stands."""
    case = next((case for case in project.spec.watch.cases if case.name == options.scenario and case.name), None)
    if case is None:
        return options
    if options.bends:
        what = f"the case {case.name!r} of the drift plan says by itself what goes wrong"
        raise UsageError(Fault("SIM-021", what, ("--bend",), fix="leave --bend away, or name a world of the simulator"))
    return _as_planned(case, options)


def _as_planned(case: DriftCase, options: SimulateOptions) -> SimulateOptions:
    return replace(
        options,
        scenario=case.scenario or _ORDINARY,
        origin="rows" if case.scenario is None else "simulator",
        bends=case.bend,
        segment=case.segment,
        gradual=case.gradual,
    )


def _plain(project: Project, where: str, options: SimulateOptions, ports: Ports) -> Made:
    path, sentence = _simulated(project, options, ports)
    rows = int(pl.scan_parquet(path).select(pl.len()).collect().item())
    command = f"steward watch {where} --period {options.period} --set source.simulator.scenario={options.scenario}"
    return Made(path, "simulated", rows, rows, sentence, command)


def _simulated(project: Project, options: SimulateOptions, ports: Ports) -> tuple[Path, str]:
    if project.simulator_path is None:
        raise UsageError(Fault("SIM-001", f"{project.spec.name} has no simulator.py", fix="add one beside project.yaml"))
    simulator = load_simulator(project.simulator_path)
    if options.scenario not in simulator.scenarios:
        known = (*simulator.scenarios, *plan_names(project))
        raise unknown_name("scenario", options.scenario, known, code="SIM-002", where=("--scenario",))
    spec = project.spec.source.simulator.model_copy(update={"scenario": options.scenario})
    return simulate_file(simulator, spec, options.period, ports.workspace.downloads), simulator.scenarios[options.scenario]


def _rows(project: Project, options: SimulateOptions, ports: Ports) -> tuple[pl.DataFrame, str]:
    """Return the rows to bend in the dictionary's columns and types, and what they are in a sentence."""
    if options.origin == "simulator":
        path, sentence = _simulated(project, options, ports)
        file = SourceFile(options.period, path, "simulated", digest_file(path), path.stat().st_size, options.scenario)
        return read_files(project, [file]).frame.drop(PERIOD), sentence
    sources = gather_sources(project, (options.period,), ports)
    if sources.origin in ("simulated", "bent"):
        fix = "give the folder that has them:  --data FOLDER   (or STEWARD_DATA), or bend made-up rows:  --from simulator"
        raise EnvironmentFault(Fault("SIM-020", f"there are no real rows of {options.period}", fix=fix))
    return read_files(project, sources.files).frame.drop(PERIOD), f"real rows of {options.period}"


def _reach(project: Project, options: SimulateOptions) -> Reach:
    segment = None if options.segment is None else parse_segment(options.segment)
    zone = ZoneInfo(project.spec.timezone)
    start, end = (_moment(name, text, zone) for name, text in (("--start", options.start), ("--end", options.end)))
    if start is not None and end is not None and end <= start:
        raise UsageError(Fault("SIM-016", "the stretch ends before it starts", ("--start", "--end"), fix="turn them round"))
    return Reach(segment, project.spec.time, start, end, options.gradual)


def _timed(reach: Reach, frame: pl.DataFrame) -> Reach:
    """Return a reach that knows its time only where the rows hold it: it may be a function of features.py."""
    if reach.time is None or isinstance(frame.schema.get(reach.time), pl.Datetime):
        return reach
    return replace(reach, time=None)


def _moment(option: str, text: str | None, zone: ZoneInfo) -> datetime | None:
    """Return a time on the wall clock of the data's zone, as their rows have it; with an offset it is one of another clock."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment.astimezone(zone) if moment.tzinfo else moment).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        fix = f"write  {option} 2023-02-14  or  2023-02-14T12:00"
        raise UsageError(Fault("SIM-016", f"{text!r} is no time", (option,), fix=fix)) from error


def _output(project: Project, options: SimulateOptions) -> Path:
    if options.output is None:
        what = "nothing says where the rows should go"
        raise UsageError(Fault("SIM-018", what, ("--output",), fix="name a folder:  --output bent"))
    if options.output.suffix == ".parquet" and options.period in options.output.name:
        return options.output
    if options.output.suffix and not options.output.is_dir():
        what = f"{options.output.name} cannot be watched as {options.period}"
        why = "the file says of itself that its rows are made up, which Parquet can, and its name says of which period"
        fix = f"name a folder, or a file such as  {project.spec.name}_{options.period}.parquet"
        raise UsageError(Fault("SIM-017", what, ("--output",), why, fix))
    return options.output / _file_name(project, options.period)


def _file_name(project: Project, period: str) -> Path:
    """Return the name under which the project's own patterns find a Parquet file; a name of ours where none does."""
    source = project.spec.source
    fitting = [text for text in source.files if text.endswith(".parquet") and "{period}" in text and not set("*?[") & set(text)]
    if not fitting:
        return Path(f"{project.spec.name}_{period}.parquet")
    shortest = min(fitting, key=lambda text: text.count("/"))
    return Path(shortest.format_map({**source.variables, "period": period}))


def _command(project: Project, where: str, period: str, path: Path) -> str:
    """Return the command that watches a file: its folder is given, and where the project would not find it there, its name."""
    source = project.spec.source
    for folder in path.parents[: max(1, len(path.parents) - 1)]:
        found = locate(source.files, source, period, folder)
        if found is not None and found.path == path and not found.whole:
            return f"steward watch {where} --period {period} --data {folder}"
    named = path.name.replace(period, "{period}")
    return f"steward watch {where} --period {period} --data {path.parent} --set 'source.files=[\"{named}\"]'"
