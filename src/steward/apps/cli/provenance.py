"""How does the origin of an answer look in a terminal?"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.markup import escape

from steward.apps.cli.screen import say, say_facts, say_simulated
from steward.models.classes import name_of
from steward.serving.explanation import Explanation

if TYPE_CHECKING:
    from steward.flows.provenance import Provenance

_BAR = 20


def tell_provenance(found: "Provenance") -> None:
    """Print all that led to an answer, the nearest first."""
    given, traced = found.given, found.lineage
    say(f"[bold]{_shown(given.answer.get('prediction'))}[/]   {given.model} v{given.version}, {_second(given.at)}   ({given.id})")
    say_simulated(next((source.origin for source in traced.sources if source.origin == "simulated"), None))
    say_facts(
        {
            "row": escape(", ".join(f"{name} {value}" for name, value in given.row.items())),
            "outcome": _outcome(found),
            "promoted": _promoted(found),
            "gate": escape(str(found.verdict.get("reason", "not judged"))),
            "approval": _approval(found),
            "run": f"{traced.run}"
            + (f" ({escape(traced.trigger or '')}, {_second(traced.started_at)})" if traced.started_at else ""),
            "trained on": ", ".join(f"{rows.kind} {rows.digest[:12]}" for rows in traced.rows) or "-",
            "files": escape(", ".join(dict.fromkeys(f"{one.name} {one.sha256[:12]}" for one in traced.sources))) or "-",
            "bundle": f"{traced.bundle} ({traced.bundle_state})",
            "commit": str(traced.commit or "none"),
            "journal": f"{found.journal_entries} entries, {'whole' if found.journal_whole else 'BROKEN:  steward audit verify'}",
        }
    )
    say()
    if found.why is None:
        say(f"[yellow]why it answered so cannot be said any more:[/] {escape(found.unexplained)}")
    else:
        tell_explanation(found.why)


def tell_explanation(why: Explanation) -> None:
    """Print what moved an answer, the strongest first."""
    about = f" of {why.about}" if why.about else ""
    say(f"usual answer{about}: {why.base:.4g} {why.scale}; here: {why.total:.4g}\n")
    widest = max((abs(one.contribution) for one in why.moved), default=0) or 1.0
    for one in why.moved:
        bar = "█" * round(_BAR * abs(one.contribution) / widest)
        shown = "-" if one.value is None else f"{one.value:g}"
        color = "red" if one.contribution > 0 else "blue"
        say(f"  {one.feature:<24} {shown:>12}  {one.contribution:+10.4g}  [{color}]{bar}[/]")


def _outcome(found: "Provenance") -> str:
    if not found.outcomes:
        return "not told yet"
    *earlier, last = found.outcomes
    value = last.outcome.label if last.outcome.value is None else f"{last.outcome.value:g}"
    corrected = f", told {len(earlier) + 1} times" if earlier else ""
    return escape(f"{value} ({_second(last.received_at)}{corrected})")


def _promoted(found: "Provenance") -> str:
    if found.promoted is None:
        return "never before it answered: the version was asked by its number"
    one = found.promoted
    return escape(f"{_second(one.at)} by {one.by}: {one.reason} (journal {one.entry})")


def _approval(found: "Provenance") -> str:
    if found.approval is None:
        return "none was needed: no person was asked"
    one = found.approval
    return escape(f"{one.id} by {one.decided_by}, {_second(one.decided_at or '')}: {one.reason}")


def _shown(prediction: object) -> str:
    if isinstance(prediction, float):
        return f"{prediction:.4g}"
    return escape(name_of(prediction) if isinstance(prediction, str | int | bool) else str(prediction))


def _second(at: str) -> str:
    """Return a time to the second, as it is written, in UTC."""
    return at[:19].replace("T", " ")


def provenance_as_json(found: "Provenance") -> Mapping[str, object]:
    """Return all of it as a JSON object, under the prediction's id."""
    return {"prediction_id": found.given.id, **asdict(found)}
