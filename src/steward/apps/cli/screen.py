"""How do results, progress and errors look in a terminal? Data goes to stdout, talk to stderr."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from steward.core.errors import StewardError

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str = "") -> None:
    """Print one line of the answer; rich markup is understood."""
    out.print(text)


def literal(text: object) -> str:
    """Return a text that others wrote, as a name that came over the wire, so that it is shown sign by sign.

    It is no markup, and no sign in it steers the terminal or begins a line.
    """
    return escape("".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in str(text)))


def say_error(error: StewardError) -> None:
    """Print every fault of an error, in the shape of DESIGN.md section 9."""
    for fault in error.faults:
        head, *rest = str(fault).splitlines()
        err.print(f"[bold red]{escape(head)}[/]")
        for line in rest:
            err.print(escape(line))


def say_json(value: object, *, line: bool = False) -> None:
    """Print one JSON value and nothing else; on one line where more of them follow."""
    sys.stdout.write(json.dumps(value, indent=None if line else 2, ensure_ascii=False, default=_plain) + "\n")
    sys.stdout.flush()


def _plain(value: Any) -> Any:
    """Return a value of ours as JSON knows it."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


def say_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a small table; numbers stand to the right."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, title_style="bold")
    for index, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[index], int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    out.print(table)


def say_simulated(origin: object) -> None:
    """Say it loudly where the rows were made up."""
    if origin == "simulated":
        made_up = "these rows were made up by the blueprint's simulator; no figure here is about the world."
        out.print(f"[bold black on yellow] SIMULATED DATA [/] {made_up}")
    if origin == "bent":
        out.print(
            "[bold black on yellow] BENT DATA [/] something was done to these rows on purpose; no figure here is about the world."
        )


def say_facts(facts: Mapping[str, object]) -> None:
    """Print names and values in two columns; rich markup is understood, so what was stored goes through `literal`."""
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        out.print(f"[dim]{name:<{width}}[/]  {value}")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return "-" if value is None else str(value)


class TerminalProgress:
    """Tells what goes on, one line a step; a bar is drawn only on a terminal."""

    def __init__(self) -> None:
        self._shown: dict[str, int] = {}

    def started(self, step: str) -> None:
        """Show the step that begins, on a terminal only: the line is replaced when it ends."""
        if err.is_terminal:
            err.print(f"[dim]  … {escape(step)}[/]", end="\r")

    def advanced(self, step: str, done: int, total: int | None) -> None:
        """Show how far a long step is, at every tenth of it."""
        tenth = done * 10 // total if total else done // 10_000_000
        if err.is_terminal and self._shown.get(step) != tenth:
            self._shown[step] = tenth
            part = f"{done / total:.0%}" if total else f"{done / 1e6:.0f} MB"
            err.print(f"[dim]  … {escape(step)} {part}[/]", end="\r")

    def finished(self, step: str, note: str, *, reused: bool = False) -> None:
        """Show what a step came to."""
        mark = "[cyan]=[/]" if reused else "[green]✓[/]"
        err.print(f"  {mark} {step:<9} {escape(note)}{' [dim](unchanged)[/]' if reused else ''}")

    def noted(self, text: str) -> None:
        """Show what is worth a line."""
        err.print(f"[dim]    {escape(text)}[/]")

    def warned(self, text: str) -> None:
        """Show what must not be overlooked."""
        err.print(f"[bold black on yellow] {escape(text)} [/]")
