"""How often may a fault do harm at most? Campaigns count their trials here, and the page docs/reliability.md tells them.

A test calls `count_trials` at its end; it is kept where STEWARD_RELIABILITY names a folder, as `make test-all` does, which then
writes the page:

    python -m tests.reliability FOLDER docs/reliability.md
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

LEVEL = 0.95
HEAD = """# Reliability

Faults that were brought about on purpose, how many times, and how often they did harm. The last column bounds the true share of
harm from above at 95 % (Clopper and Pearson, Biometrika 1934, one-sided): after n trials without harm it is 1 - 0.05^(1/n), about
3/n. The trials of a row are alike and not independent of the machine they ran on; the bound speaks of such trials only.

Written by `make test-all` from what its tests counted; do not edit.

| row | what was done, and what must hold | trials | harm | at most, 95 % | seen | when |
| --- | --- | ---: | ---: | ---: | --- | --- |
"""


@dataclass(frozen=True)
class Trials:
    """Trials of one kind: the catalogue's row, what was done and must hold, how many, how many failed, what else was seen."""

    row: str
    what: str
    trials: int
    failed: int
    figures: Mapping[str, str]
    on: str


def count_trials(row: str, what: str, *, trials: int, failed: int, figures: Mapping[str, str] | None = None) -> None:
    """Keep the count of a campaign; of two of the same row and kind, the one with more trials."""
    folder = os.environ.get("STEWARD_RELIABILITY")
    if folder is None:
        return
    found = Trials(row, what, trials, failed, figures or {}, datetime.now(UTC).date().isoformat())
    path = Path(folder) / f"{row}-{hashlib.sha256(what.encode()).hexdigest()[:12]}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or json.loads(path.read_text())["trials"] <= trials:
        path.write_text(json.dumps(asdict(found)))


def most_harm(trials: int, failed: int) -> float:
    """Return the upper 95 % bound of the share that fails.

    >>> round(most_harm(59, 0), 4), round(most_harm(100, 100), 2)
    (0.0495, 1.0)
    """
    from scipy.stats import beta

    return 1.0 if failed >= trials else float(beta.ppf(LEVEL, failed + 1, trials - failed))


def page(counted: Iterable[Trials]) -> str:
    """Return the page of all rows, in the catalogue's order."""
    return HEAD + "".join(_line(one) for one in sorted(counted, key=_place))


def read_folder(folder: Path) -> Sequence[Trials]:
    """Return what a run of the tests counted."""
    return [Trials(**json.loads(path.read_text())) for path in folder.glob("*.json")]


def _place(one: Trials) -> tuple[str, int, str]:
    letters, number = re.fullmatch(r"([A-Z]+)(\d+)", one.row).groups()  # type: ignore[union-attr] # rows are named so
    return letters, int(number), one.what


def _line(one: Trials) -> str:
    seen = "; ".join(f"{name} {value}" for name, value in one.figures.items())
    share = f"{100 * most_harm(one.trials, one.failed):.2g} %"
    return f"| {one.row} | {one.what} | {one.trials:,} | {one.failed:,} | {share} | {seen} | {one.on} |\n"


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(page(read_folder(Path(sys.argv[1]))))
