"""How is a finished run shown to the person who started it?"""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape

from steward.agent.incidents import Incident
from steward.apps.cli.screen import literal, say, say_facts, say_simulated, say_table
from steward.core.runs import Run
from steward.core.tasks import higher_is_better
from steward.flows.contest import Contest
from steward.flows.status import Status, first_fault, next_step
from steward.monitoring.history import WatchedWindow
from steward.registry.tracking import run_page

_MOST_LABELS = 50


def show_run(finished: Run, where: str) -> None:
    """Print the leaderboard, the verdict, where it can be seen, and the next step."""
    result: Mapping[str, Any] = finished.result
    say()
    say_simulated(result.get("origin"))
    if result.get("findings"):
        _show_findings(result["findings"])
    if "leaderboard" in result:
        _show_leaderboard(result)
    if "verdict" in result:
        _show_verdict(finished, result, where)
    else:
        for line in result.get("summary", ()):
            say(escape(line))
        if "quality" in result:
            say(f"quality report  {result['quality']['html']}   (in the workspace; Markdown beside it)")
        if "feature_report" in result:
            _show_features(result["feature_report"])
        say(f"\nrun {finished.id} {finished.status}\n\nnext:  steward run {where}")


def _show_features(told: Mapping[str, Any]) -> None:
    rows = [[one["name"], f"{one['gain']:.1%}", one["alone"]["value"], one["mutual_information"]] for one in told["top"]]
    alone = told["top"][0]["alone"]["metric"] if told["top"] else ""
    say(f"feature report  {told['html']}   (in the workspace; the dictionary as JSON beside it)\n")
    say_table("Most important features", ("feature", "gain", f"{alone} alone", "information"), rows)
    for what in told["refused"]:
        say(f"[red]training will be refused[/]: {escape(what)}")


def _show_findings(findings: Sequence[Mapping[str, Any]]) -> None:
    say("[bold]Findings[/]")
    for found in findings:
        say(f"  {found['action']:<10} {found['rows']:>8,} rows  {escape(found['text'])}")
    say()


def _show_leaderboard(result: Mapping[str, Any]) -> None:
    board = result["leaderboard"]
    metric = board[0]["metric"]
    unit = f" ({board[0]['unit']})" if board[0].get("unit") else ""
    rows = [[("★ " if e["chosen"] else "  ") + e["kind"], e["validation"], e["test"], e["seconds"], e["note"]] for e in board]
    better = "higher is better" if higher_is_better(metric) else "lower is better"
    say_table(f"Leaderboard: {metric}{unit}, {better}", ("candidate", "validation", "test", "fit s", ""), rows)
    width = max(len(name) for name in result["metrics"])
    for name, value in result["metrics"].items():
        say(f"  test {name.upper():<{width}} {value['value']:7.3f}  [{value['low']:.3f}, {value['high']:.3f}]")
    if result.get("left_out"):
        say(f"[yellow]left out[/] (their lookup could not be had): {', '.join(result['left_out'])}")
    say()


def say_contest(contest: Contest, where: str) -> None:
    """Print what each candidate reached over folds, and what can be told from that."""
    better = "higher is better" if higher_is_better(contest.metric) else "lower is better"
    rows = [
        [
            ("★ " if line["chosen"] else "  ") + line["kind"],
            line["validation"],
            line["low"],
            line["high"],
            line["seconds"],
            line["note"],
        ]
        for line in contest.board
    ]
    title = f"{contest.metric} over {contest.folds} folds of {contest.rows:,} rows, {better}"
    say_table(title, ("candidate", "mean", "low", "high", "s", ""), rows)
    say(f"\n{escape(contest.said)}")
    say("intervals at 95 %, corrected for folds that share training rows (Nadeau and Bengio, 2003)")
    say(f"\nnext:  steward run {where}      (to choose over folds there too:  training: {{folds: {{count: 10, repeats: 5}}}})")


def _show_verdict(finished: Run, result: Mapping[str, Any], where: str) -> None:
    verdict = result["verdict"]
    word = "[green]passed[/]" if verdict["passed"] else "[red]refused[/]"
    champion = f"v{result['champion']}" if result["champion"] else "none yet"
    facts = {
        "gate": f"{word}: {literal(verdict['reason'])}",
        "champion": f"[bold]{champion}[/]" + (" (new)" if result["promoted"] else ""),
        "version": f"v{result['version']}  bundle {result['bundle'][:12]}",
        "mlflow": _tracked(result.get("mlflow_run")),
        "run": finished.id,
    }
    say_facts(facts)
    say_simulated(result.get("origin"))
    if result["champion"] == result["version"]:
        say(f"\nnext:  steward serve {where}      then ask it:  steward predict {where}")
    elif verdict["passed"]:
        say(f"\nnext:  steward promote {where}")
    else:
        say(f"\nnext:  the champion stays; see  steward status {where}")


def show_window(window: WatchedWindow) -> None:
    """Print the verdict on one window: severity, what moved, how performance went."""
    severity = "-" if window.severity is None else f"{window.severity:.2f}"
    word = "[bold red]ALARM[/]" if window.alarm else f"[green]{literal(window.status)}[/]"
    about = literal(f"{window.model} v{window.version} on {window.label}: severity {severity}  ({window.verdict['text']})")
    say(f"{word}  {about}")


def named_windows(incident: Incident) -> str:
    """Return the windows of an incident, the newest fifty of them by name."""
    earlier = len(incident.labels) - _MOST_LABELS
    return f"{f'{earlier:,} earlier ones, ' if earlier > 0 else ''}{', '.join(incident.labels[-_MOST_LABELS:])}"


def show_status(status: Status, where: str) -> None:
    """Print one project's state on one screen."""
    say(f"[bold]{status.project}[/]")
    if status.version is not None:
        say_simulated(status.version.facts.get("origin"))
    say_facts(_status_facts(status))
    for window in status.windows:
        show_window(window)
    say(f"\nnext:  {next_step(status, where)}")


def _status_facts(status: Status) -> dict[str, object]:
    champion, version, last = status.champion, status.version, status.last_run
    facts: dict[str, object] = {"champion": "none yet"}
    if champion is not None and version is not None:
        facts["champion"] = literal(f"v{champion.number} since {champion.since[:19]}, by {champion.actor}")
        trained = version.facts.get("train")
        facts["trained on"] = literal(", ".join(str(p) for p in trained)) if isinstance(trained, list) else "-"
        metrics = version.facts.get("metrics")
        if isinstance(metrics, dict):
            facts["test"] = "  ".join(f"{name} {value:.3f}" for name, value in metrics.items() if isinstance(value, float))
        facts["left out"] = literal(", ".join(str(x) for x in version.facts.get("left_out") or ()) or "nothing")  # type: ignore[attr-defined]
        facts["mlflow"] = _tracked(version.facts.get("mlflow_run"))
    facts["versions"] = status.versions
    if last is not None:
        facts["last run"] = literal(f"{last.id} {last.status} ({last.trigger}), started {last.started_at[:19]}")
        facts |= {"stopped by": escape(fault["what"]), "fix": escape(fault["fix"])} if (fault := first_fault(last)) else {}
    facts["incident"] = "none open"
    if status.incident is not None:
        facts["incident"] = literal(f"{status.incident.id}: {named_windows(status.incident)}")
    facts["waiting"] = ", ".join(f"approval {a.id}" for a in status.pending) or "nothing waits for a decision"
    return facts


def _tracked(run: object) -> str:
    return f"{run}  {run_page(str(run))}" if run else "-"
