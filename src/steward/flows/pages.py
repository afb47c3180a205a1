"""What do the projects declare, as pages for people: what each column means, and which drift is planned and expected?"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from steward.data.simulate import load_simulator
from steward.monitoring.budget import chance_per_window
from steward.project.dictionary import ColumnSpec
from steward.project.read import Project, blueprint_names, read_project
from steward.project.spec import DriftCase

_MADE = "<!-- Made from the declarations by `make docs`; edit those. -->"
_KNOWN = {"request": "when asked", "outcome": "only later"}


def dictionary_page(projects: Sequence[Project]) -> str:
    """Return every column of every project as Markdown."""
    lead = "What every column means and when it is known: a feature that reads what is known only later is refused."
    return _page("Data dictionary", lead, ((project, _columns(project)) for project in projects))


def drift_page(projects: Sequence[Project]) -> str:
    """Return how drift is watched in every project, what is expected of some windows, and how to make drift up, as Markdown."""
    lead = (
        "Which drift each project can show, what the watch is expected to say of it, and what follows from an alarm. "
        "What can be done to rows: `steward simulate taxi --period 2023-02 --bends`.\n\n"
        "Cases with a scenario, and those made up, want a champion of made-up rows, in a workspace of its own: "
        "`unset STEWARD_DATA`, `export STEWARD_OFFLINE=1 STEWARD_HOME=made-up`, then "
        "`steward run NAME --set 'split.train=[\"LEARNED FROM\"]' --set 'split.test=[]'`, and then the command. "
        "Where real rows are found, they are watched."
    )
    return _page("Drift plan", lead, ((project, _drift(project)) for project in projects))


def write_pages(into: Path) -> tuple[Path, ...]:
    """Write the pages of all blueprints into a folder and return their paths."""
    projects = [read_project(name) for name in blueprint_names()]
    pages = {"data_dictionary.md": dictionary_page(projects), "drift_plan.md": drift_page(projects)}
    for name, text in pages.items():
        (into / name).write_text(text, encoding="utf-8")
    return tuple(into / name for name in pages)


def _page(title: str, lead: str, parts: Iterable[tuple[Project, list[str]]]) -> str:
    lines = [f"# {title}", "", _MADE, "", lead]
    for project, body in parts:
        lines += ["", f"## {project.spec.name}", "", project.spec.title, "", *body]
    return "\n".join(lines) + "\n"


def _columns(project: Project) -> list[str]:
    head = ["| column | type | unit | meaning | also called | missing is written | known | care |", "| --- " * 8 + "|"]
    rows = [_row(_names(project, name), column) for name, column in project.dictionary.columns.items()]
    coded = [(name, column.codes) for name, column in project.dictionary.columns.items() if column.codes]
    codes = [
        f"- **{name}**: " + "; ".join(f"{code} {_cell(words)}" for code, words in meanings.items()) for name, meanings in coded
    ]
    return [*head, *rows, *(["", "Codes in words:", ""] if codes else []), *codes]


def _names(project: Project, name: str) -> str:
    return f"**{name}** (target)" if name == project.spec.target else name


def _row(name: str, column: ColumnSpec) -> str:
    span = "" if column.min is None and column.max is None else f" ({_bound(column.min)} to {_bound(column.max)})"
    cells = [
        name,
        column.type + span,
        column.unit,
        column.meaning,
        ", ".join(column.aliases),
        ", ".join(map(str, column.missing)),
        _KNOWN[column.known_at],
        "" if column.sensitivity == "none" else column.sensitivity,
    ]
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _bound(value: float | None) -> str:
    return "…" if value is None else f"{value:g}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").strip()


def _drift(project: Project) -> list[str]:
    watch, policy, name = project.spec.watch, project.spec.policy, project.spec.name
    chance = f"by chance alone at most one window in {1 / chance_per_window(watch):,.0f} may be an alarm"
    bands = f"from {policy.retrain_from:g} the agent retrains, from {policy.ask_from:g} it asks a person first"
    lines = [
        f"A window of at least {watch.min_rows} rows is compared with what the champion learned from; {chance}.",
        f"Severity from {watch.alert:g} is an alarm: {bands}, above {policy.escalate_above:g} it escalates.",
    ]
    if watch.cases:
        lines += ["", "| case | learned from | expected | because | command |", "| --- " * 5 + "|"]
        lines += [_case(case, name) for case in watch.cases]
    if project.simulator_path is not None:
        lines += ["", "Worlds its simulator makes up:", ""]
        lines += [f"- `{scenario}`: {sentence}" for scenario, sentence in load_simulator(project.simulator_path).scenarios.items()]
    return lines


def _case(case: DriftCase, name: str) -> str:
    cells = [_cell(cell) for cell in (_world(case), ", ".join(case.learned), case.expect, case.because)]
    return f"| {' | '.join(cells)} | {_commands(case, name)} |"


def _world(case: DriftCase) -> str:
    """Return what is watched in words: the period, and what is done to its rows."""
    scenario = None if case.scenario in (None, "none") and case.bend else case.scenario
    made_up = ", made up" if case.scenario == "none" and case.bend else ""
    bent = ", ".join((*case.bend, *([f"where {case.segment}"] if case.segment else ()), *(["gradually"] if case.gradual else ())))
    return f"{case.period}{f', scenario {scenario}' if scenario else ''}{made_up}{f', {case.name}: {bent}' if bent else ''}"


def _commands(case: DriftCase, name: str) -> str:
    watch = f"`steward watch {name} --period {case.period}"
    if case.bend:
        return f"`steward simulate {name} --period {case.period} --scenario {case.name} --output bent`, and what it says comes next"
    return f"{watch}{'' if case.scenario is None else f' --set source.simulator.scenario={case.scenario}'}`"


if __name__ == "__main__":
    write_pages(Path("docs"))
