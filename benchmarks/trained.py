"""Which real champions do the monitoring benchmarks watch, and what do their rows look like to them?

Champions are trained by the product's own command; rows go the product's own way - read, checked, cleaned, made into
features, answered.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from measure import cpu_seconds

from steward.bootstrap import Settings, build_ports
from steward.core.progress import Silent
from steward.flows.champion import LoadedVersion, load_champion, project_of_champion
from steward.flows.ports import Ports
from steward.flows.process import check_rows
from steward.flows.sources import read_periods
from steward.monitoring.sketch import prediction_column
from steward.project.read import Project
from steward.quality.clean import clean

STEWARD = Path(sys.executable).with_name("steward")
BESIDE = ("_at", "_period", "truth")


@dataclass(frozen=True, slots=True)
class Trained:
    """A champion in a workspace of its own."""

    project: Project
    ports: Ports
    loaded: LoadedVersion
    env: dict[str, str]

    def rows(self, periods: Sequence[str]) -> pl.DataFrame:
        """Return what the champion sees of some periods and answers: features, `prediction`, `truth`, `_at`, `_period`."""
        return pl.concat([self._rows(period) for period in periods])

    def _rows(self, period: str) -> pl.DataFrame:
        project, bundle = self.project, self.loaded.bundle
        raw = read_periods(project, (period,), self.ports)[1].frame
        kept = clean(check_rows(project, raw).kept, project.spec.cleaning).frame
        answered = prediction_column(bundle.predict(kept), bundle.classes)
        at = kept[project.spec.time] if project.spec.time else pl.Series(np.zeros(kept.height))
        seen = bundle.features(kept).with_columns(answered, truth=kept[project.spec.target], _at=at, _period=pl.lit(period))
        return seen.with_columns(pl.col(bundle.categories).cast(pl.Int64, strict=False))


def train(where: str | Path, folder: Path, data: Path, *sets: str, later: Path | None = None) -> Trained:
    """Run a project into a workspace below a folder and return its champion; its further rows come from `later`, if given."""
    env = {"STEWARD_HOME": f"{folder}/workspace", "STEWARD_DATA": str(data), "STEWARD_OFFLINE": "true"}
    changes = [part for one in sets for part in ("--set", one)]
    cpu_seconds([STEWARD, "run", where, *changes], env)
    ports = build_ports(Settings(home=folder / "workspace", data=later or data, offline=True, actor="benchmark"), Silent())
    project = project_of_champion(str(where), sets, ports)
    return Trained(project, ports, load_champion(ports, project.spec.name), env)


def pool(trained: Trained, periods: Sequence[str], name: str) -> tuple[str, pl.DataFrame, tuple[str, ...], dict[str, float]]:
    """Return what `monitored.real` takes: a name, the rows of some periods, their categories, the model's gain."""
    bundle: Any = trained.loaded.bundle
    rows = trained.rows(periods).select(pl.exclude(*BESIDE))
    return f"{name}, {rows.width}", rows, tuple(bundle.categories), dict(bundle.importance)
