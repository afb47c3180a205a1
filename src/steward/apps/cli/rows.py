"""How do snapshots, their differences and a version's lineage look in a terminal, and as JSON?"""

from collections.abc import Sequence
from dataclasses import asdict

from rich.markup import escape

from steward.apps.cli.screen import say, say_facts, say_simulated
from steward.data.history import SHORT
from steward.flows.lineage import Lineage
from steward.flows.snapshots import Kept
from steward.flows.versions import Compared, Shown


def tell_log(kept: Sequence[Kept]) -> None:
    """Print one line a snapshot."""
    _say_columns(("digest", "kind", "rows", "columns", "periods", "origin", "run", "when (UTC)"), [_log_line(one) for one in kept])
    say(f"\nnext:  steward data show {kept[0].manifest.digest[:SHORT]}")


def kept_as_json(kept: Kept) -> dict[str, object]:
    """Return one line of the log as a JSON object."""
    made = kept.made
    return {
        **asdict(kept.manifest),
        "kinds": list(kept.kinds),
        "periods": list(kept.periods),
        "origin": kept.origin,
        "project": made.project if made else None,
        "run": made.run if made else None,
        "when": made.at if made else None,
    }


def shown_as_json(shown: Shown) -> dict[str, object]:
    """Return all about a snapshot as a JSON object."""
    uses = [{"project": use.project, "run": use.run, "step": use.step, "at": use.at} for use in shown.kept.uses]
    told = {"schema": shown.fields, "parents": shown.parents, "children": shown.children, "versions": list(shown.versions)}
    return {**kept_as_json(shown.kept), "sources": shown.kept.sources, **told, "uses": uses}


def tell_snapshot(shown: Shown) -> None:
    """Print all about a snapshot."""
    manifest, made = shown.kept.manifest, shown.kept.made
    say(f"[bold]{manifest.digest}[/]")
    say_simulated(shown.kept.origin)
    say_facts(
        {
            "kind": ", ".join(shown.kept.kinds),
            "rows": f"{manifest.rows:,}",
            "periods": ", ".join(shown.kept.periods) or "-",
            "made": f"by run {made.run} of {made.project}, {_minute(made.at)}" if made else "no run tells of it",
            "made of": ", ".join(f"{digest[:SHORT]} ({kind})" for digest, kind in shown.parents.items())
            or ("source files" if manifest.sources else "-"),
            "made of it": ", ".join(f"{digest[:SHORT]} ({kind})" for digest, kind in shown.children.items()) or "nothing",
            "runs": ", ".join(dict.fromkeys(use.run for use in shown.kept.uses)) or "-",
            "versions": ", ".join(shown.versions) or "none learned from it",
        }
    )
    say()
    _say_columns(
        ("column", "type", "unit", "meaning"), [[f.name, f.type.partition("(")[0], f.unit, f.meaning] for f in shown.fields]
    )
    files = [[s.get("period"), s.get("path") or s.get("name"), s.get("origin"), s.get("sha256")] for s in shown.kept.sources]
    if files:
        say()
        _say_columns(("period", "source file", "origin", "SHA-256"), files)
    say(f"\nnext:  steward data diff {manifest.digest[:SHORT]} SNAPSHOT")


def tell_difference(compared: Compared) -> None:
    """Print what is different between two snapshots."""
    changed = compared.changed
    before, after = compared.before.digest[:SHORT], compared.after.digest[:SHORT]
    say(f"{before} -> {after}: {escape(changed.text)}\n")
    heads = ("period", "before", "after", "added", "removed", "changed")
    _say_columns(heads, [[p.period or "all", p.before, p.after, p.added, p.removed, p.changed] for p in changed.periods])
    moved = [c for c in changed.columns if c.nulls_before != c.nulls_after or c.mean_before != c.mean_after]
    rows = [[c.name, f"{c.nulls_before:.2%}", f"{c.nulls_after:.2%}", c.mean_before, c.mean_after] for c in moved]
    if rows:
        say()
        _say_columns(("column that is different", "nulls before", "after", "mean before", "after"), rows)
    if any(period.changed is None for period in changed.periods):
        say("\n[dim]no check names what makes a row unique, so a changed row counts as one removed and one added[/]")
    say(f"\nnext:  steward data show {after}")


def tell_lineage(traced: Lineage, where: str) -> None:
    """Print where a version comes from, as a tree."""
    say_simulated(next((source.origin for source in traced.sources if source.origin == "simulated"), None))
    say(f"[bold]{traced.model} v{traced.version}[/] (registered {_minute(traced.registered_at)}{', champion' * traced.champion})")
    branches = _branches(traced)
    for head, leaves in branches.items():
        last = head == [*branches][-1]
        say(f"{'└── ' if last else '├── '}{head}")
        for leaf in leaves:
            say(f"{'    ' if last else '│   '}{'└── ' if leaf == leaves[-1] else '├── '}{leaf}")
    for sentence in traced.missing:
        say(f"[yellow]not known[/] {sentence}")
    say(f"\nnext:  steward report {where}")


def _branches(traced: Lineage) -> dict[str, list[str]]:
    """Return what a version was made of, the nearest first, each with what it consists of."""
    run = f"run {traced.run}" + (f" ({traced.trigger}, started {_minute(traced.started_at)})" if traced.started_at else "")
    rows = [
        f"{rows.kind:<10} {rows.digest}{'' if rows.rows is None else f'  {rows.rows:,} rows'}{_odd(rows.state)}"
        for rows in traced.rows
    ]
    files = [
        f"{s.period}  {s.sha256}  {escape(s.name)} ({s.origin}{f': {escape(s.address)}' if s.address else ''})"
        for s in traced.sources
    ]
    declared = [f"features.py {traced.features}", f"commit {traced.commit or 'none'}"]
    libraries = ", ".join(f"{name} {number}" for name, number in traced.libraries.items())
    return {
        f"bundle {traced.bundle}{_odd(traced.bundle_state)}": [],
        escape(run): rows,
        f"{len(traced.sources)} source files": files,
        f"declaration {traced.project or 'unknown'}": [*declared, *(escape(f"override {text}") for text in traced.overrides)],
        f"libraries {libraries or 'unknown'}": [],
        f"MLflow run {traced.mlflow_run or 'none'}": [],
    }


def _log_line(kept: Kept) -> list[object]:
    manifest, made = kept.manifest, kept.made
    run, at = (made.run, _minute(made.at)) if made else ("-", "-")
    periods = _shortened(kept.periods)
    return [manifest.digest[:SHORT], ", ".join(kept.kinds), manifest.rows, len(manifest.columns), periods, kept.origin, run, at]


def _say_columns(heads: tuple[str, ...], rows: Sequence[Sequence[object]]) -> None:
    """Print a table whose cells are never cut, however narrow the window: digests are there to be copied."""
    cells = [[_cell(value) for value in row] for row in rows]
    right = [bool(rows) and all(isinstance(row[place], int | float) for row in rows) for place in range(len(heads))]
    widths = [max(len(row[place]) for row in ([*heads], *cells)) for place in range(len(heads))]
    for number, row in enumerate(([*heads], *cells)):
        line = "  ".join(f"{cell:>{w}}" if r else f"{cell:<{w}}" for cell, w, r in zip(row, widths, right, strict=True)).rstrip()
        say(escape(line) if number else f"[dim]{escape(line)}[/]")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else "-" if value is None else str(value)


def _minute(at: str | None) -> str:
    return "-" if at is None else at[:16].replace("T", " ")


def _shortened(names: tuple[str, ...]) -> str:
    return ", ".join(names) if len(names) <= 2 else f"{names[0]} … {names[-1]} ({len(names)})"  # noqa: PLR2004 - two fit on a line


def _odd(state: str) -> str:
    return "" if state == "whole" else f" [red]{state}[/]"
