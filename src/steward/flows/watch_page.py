"""Should the model be retrained today? The newest watched window of a project, put on one page."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from steward.core.atomic import write_text_atomically
from steward.core.errors import Fault, Refused
from steward.core.period import Period, is_part_label
from steward.flows.approve import waiting_approvals
from steward.flows.beside import attach
from steward.flows.ports import Ports
from steward.monitoring.history import WatchedWindow
from steward.monitoring.watch import WindowVerdict
from steward.project.read import Project
from steward.reporting.recorded import error_lines, read_as, window_lines
from steward.reporting.watch_contents import Advice, Age, WatchReport
from steward.reporting.watch_report import render_watch_html
from steward.reporting.watch_words import advise

_SHOWN = 60
_OLD = timedelta(days=2)


def write_watch_page(project: Project, where: str, ports: Ports, *, window: WatchedWindow | None = None) -> Path:
    """Write the page about a watched window, put it beside its version, and return where it is.

    Args:
        project: with the policy that says what the agent may do.
        where: the project as the user named it, for the command that comes next.
        ports: the outside world.
        window: which one; the newest by default.

    Raises:
        Refused: REP-001 nothing was watched yet.
    """
    report = collect_watch_report(project, where, ports, window=window)
    page = render_watch_html(report)
    path = ports.workspace.reports / f"{report.model}-watch.html"
    write_text_atomically(path, page)
    attach(ports.registry.version(report.model, report.version), {f"reports/{path.name}": page.encode()}, ports)
    return path


def collect_watch_report(project: Project, where: str, ports: Ports, *, window: WatchedWindow | None = None) -> WatchReport:
    """Return what is known of a watched window and of those around it."""
    spec, model, clock = project.spec, project.spec.name, ports.clock.now()
    newest = ports.windows.windows(model, limit=_SHOWN)
    about = window or next(iter(newest), None)
    if about is None:
        fix = f"watch a month:  steward watch {where} --period YYYY-MM   or what was answered:  --log"
        raise Refused(Fault("REP-001", f"no window of {model} was watched yet", fix=fix))
    known = [about, *(one for one in newest if one.key != about.key)]
    (line,) = window_lines([about], about.version, limit=1)
    champion = ports.registry.champion(model)
    number = champion.number if champion else None
    version = ports.registry.version(model, about.version)
    verdict = read_as(WindowVerdict, about.verdict)
    newer = number if number not in (None, about.version) else None
    advice = advise(line, verdict, spec.policy, done=_done(about, ports), newer=newer)
    following, note = _following(advice, about, where, ports)
    origin = str(version.facts.get("origin") or "") or None
    return WatchReport(
        model=model,
        title=spec.title,
        unit=spec.unit,
        version=about.version,
        champion=number,
        origin=origin,
        written_at=clock.isoformat(),
        window=line,
        verdict=verdict,
        advice=advice,
        policy=spec.policy,
        history=window_lines(known, about.version, limit=_SHOWN),
        errors=error_lines(known, about.version),
        age=_age(about, ZoneInfo(spec.timezone), clock, made_up=origin == "simulated"),
        following=following,
        following_note=note,
    )


def watch_again(window: WatchedWindow, where: str) -> str:
    """Return the command that watches a window's rows once more."""
    period, _, part = window.label.partition("/")
    by = f" --by {'week' if '..' in part else 'day'}" if part else ""
    return f"steward watch {where} {f'--period {period}{by}' if is_part_label(period) else '--log'}"


def _done(window: WatchedWindow, ports: Ports) -> str:
    """Say what became of the alarm so far; empty where there was none or nothing was done."""
    if not window.alarm:
        return ""
    incident = ports.incidents.open_incident(window.model)
    waiting = waiting_approvals(window.model, ports)
    if incident is not None and window.label in incident.labels and waiting:
        return f"Incident {incident.id}: the agent asks to retrain, approval {waiting[0].id}."
    if incident is not None and window.label in incident.labels:
        return f"Incident {incident.id} is open."
    return "Its incident is closed." if window.answered else ""


def _following(advice: Advice, window: WatchedWindow, where: str, ports: Ports) -> tuple[str, str]:
    """Return the command that makes most sense now, and when or why."""
    waiting, incident = waiting_approvals(window.model, ports), ports.incidents.open_incident(window.model)
    if advice.word == "no: mend the data first":
        reject = f"; then  steward approve {where} {waiting[0].id} --reject" if waiting else ""
        return watch_again(window, where), f"once the source is mended{reject}"
    if waiting:
        return f"steward approve {where} {waiting[0].id}", "or with --reject"
    month = is_part_label(window.label.partition("/")[0])
    match advice.word:
        case "yes" | "yes, if you approve" if not month:
            return f"steward watch {where} --period YYYY-MM", "with a month whose outcomes are known, to learn from"
        case "yes" | "yes, if you approve" if incident is not None and window.label in incident.labels:
            return watch_again(window, where), "what was asked has expired; it is asked anew"
        case "yes" | "yes, if you approve":
            return f"steward status {where}", ""
        case _:
            return f"steward watch {where} {'--period YYYY-MM' if month else '--log'}", "when the next window is there"


def _age(window: WatchedWindow, zone: ZoneInfo, now: datetime, *, made_up: bool) -> Age | None:
    """Return how long ago a window ended; None where that is not known. Made-up rows do not grow old."""
    if window.start is not None and window.end is not None:
        start, end = datetime.fromisoformat(window.start), datetime.fromisoformat(window.end)
    elif Period.is_label(window.label):
        period = Period.parse(window.label)
        start, end = period.start.replace(tzinfo=zone), period.end.replace(tzinfo=zone)
    else:
        return None
    passed = now - end
    old = not made_up and passed > max(_OLD, 2 * (end - start))
    return Age(end.astimezone(UTC).isoformat(), passed / timedelta(days=1), old)
