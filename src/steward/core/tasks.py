"""Which kind of question does a model answer, and which metric decides? Differences are rows here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

TaskKind = Literal["regression", "binary", "multiclass"]


@dataclass(frozen=True, slots=True)
class TaskRules:
    """What a task is judged by, unless the project says otherwise."""

    metric: str
    higher_is_better: bool


RULES: Mapping[TaskKind, TaskRules] = {
    "regression": TaskRules("rmse", higher_is_better=False),
    "binary": TaskRules("average_precision", higher_is_better=True),
    "multiclass": TaskRules("macro_f1", higher_is_better=True),
}
