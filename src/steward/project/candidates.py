"""Which models may compete?"""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from steward.core.errors import Fault
from steward.project.closed import Closed, Share
from steward.project.document import Document
from steward.project.tuning import Limited, Tunable

Loss = Literal["squared", "absolute", "huber", "quantile"]
Part = Annotated[float, Field(gt=0, le=1)]
Width = Annotated[int, Field(ge=1, le=4096)]


class Candidate(Limited):
    """What every kind of candidate may say of itself."""

    name: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_. -]{0,59}$",
        description="what the leaderboard calls it; its kind by default",
        examples=["trees of the evening"],
    )
    balance: bool = Field(default=False, description="rows of rare classes count for more, so that all classes weigh the same")


class MeanSpec(Candidate):
    """Always answers the mean of the training rows, or the share of each class: what any model must beat."""

    kind: Literal["mean"]


class LinearSpec(Candidate, Tunable):
    """Least squares on standardised features, missing values set to the median; logistic regression of classes."""

    kind: Literal["linear"]
    alpha: float = Field(0.0, ge=0, description="ridge penalty; 0 is plain least squares, and for classes a penalty of 1")


class RidgeSpec(Candidate, Tunable):
    """Least squares, or logistic regression, whose weights are kept small: for many columns that say similar things."""

    kind: Literal["ridge"]
    alpha: float = Field(1.0, gt=0, description="penalty on the squares of the weights of standardised features")


class LassoSpec(Candidate, Tunable):
    """Least squares, or logistic regression, that leaves out the columns it can do without."""

    kind: Literal["lasso"]
    alpha: float = Field(
        0.001, gt=0, description="penalty on the sizes of the weights; of a standardised target, so that 1 leaves no column"
    )


class LogisticSpec(Candidate, Tunable):
    """Logistic regression: the linear model of classes, and of nothing else."""

    kind: Literal["logistic"]
    penalty: Literal["l2", "l1", "none"] = Field("l2", description="l2 keeps weights small, l1 leaves columns out")
    alpha: float | None = Field(
        None, gt=0, description="strength of the penalty: as ridge has it for l2, 1 by default; as lasso for l1, 0.001 by default"
    )


class RandomForestSpec(Candidate, Tunable):
    """Many deep trees, each of other rows and columns; their mean answers."""

    kind: Literal["random_forest"]
    num_trees: int = Field(200, gt=0, le=5000, description="number of trees")
    max_depth: int | None = Field(None, ge=1, le=64, description="splits from the root to a leaf, at most; no bound by default")
    min_rows_in_leaf: int = Field(5, ge=1, description="fewest rows in a leaf")
    max_features: Literal["sqrt", "third"] | Part | None = Field(
        None, description="columns a split may choose from: a share, or one of these; a third for a quantity, sqrt for classes"
    )
    seed: int = Field(7, ge=0, le=2**31 - 1, description="the same seed gives the same trees")


class XGBoostSpec(Candidate, Tunable):
    """Gradient-boosted trees by XGBoost; the number of trees is found by early stopping on validation rows."""

    kind: Literal["xgboost"]
    num_trees: int = Field(1000, gt=0, le=10_000, description="greatest number of trees")
    learning_rate: float = Field(0.05, gt=0, le=1, description="how much each tree may correct")
    max_depth: int = Field(6, ge=1, le=24, description="splits from the root to a leaf, at most")
    min_child_weight: float = Field(5.0, ge=0, description="least weight of the rows in a leaf")
    subsample: Part = Field(0.8, description="share of the rows that each tree sees")
    colsample: Part = Field(0.8, description="share of the columns that each tree sees")
    l2: float = Field(1.0, ge=0, description="penalty on the squares of what leaves answer")
    seed: int = Field(7, ge=0, le=2**31 - 1, description="the same seed gives the same trees")


class LightGbmSpec(Candidate, Tunable):
    """Gradient-boosted trees; the number of trees is found by early stopping on validation rows."""

    kind: Literal["lightgbm"]
    num_trees: int = Field(1000, gt=0, le=10_000, description="greatest number of trees")
    learning_rate: float = Field(0.05, gt=0, le=1, description="how much each tree may correct")
    num_leaves: int = Field(63, ge=2, le=4096, description="leaves a tree")
    min_rows_in_leaf: int = Field(40, ge=1, description="fewest rows in a leaf")
    subsample: Part = Field(0.8, description="share of the rows that each tree sees")
    colsample: Part = Field(0.8, description="share of the columns that each tree sees")
    l2: float = Field(0.0, ge=0, description="penalty on the squares of what leaves answer")
    loss: Loss = Field("squared", description="of a quantity: what is made small; quantile answers the one at `level`")
    level: Share | None = Field(None, description="which quantile, a share of the rows below it; only for  loss: quantile")
    seed: int = Field(7, description="the same seed gives the same trees")

    @model_validator(mode="after")
    def _has_a_level_where_it_means_something(self) -> Self:
        if (self.level is not None) != (self.loss == "quantile"):
            raise ValueError("loss: quantile  needs a  level, as 0.9, and no other loss has one")
        return self


class MlpSpec(Candidate, Tunable):
    """A small neural network, fitted by PyTorch; the number of epochs is found by early stopping on validation rows."""

    kind: Literal["mlp"]
    hidden: tuple[Width, ...] = Field((64, 32), min_length=1, max_length=8, description="width of each hidden layer")
    epochs: int = Field(60, gt=0, le=10_000, description="greatest number of times every row is seen")
    learning_rate: float = Field(0.002, gt=0, le=1, description="size of a step")
    batch_rows: int = Field(256, ge=1, description="rows a step")
    dropout: float = Field(0.0, ge=0, lt=1, description="share of each hidden layer that a step leaves out")
    weight_decay: float = Field(1e-4, ge=0, description="how much weights shrink with each step, as a share of its size")
    patience: int = Field(6, ge=1, description="epochs without gain on the validation rows after which fitting ends")
    seed: int = Field(7, ge=0, le=2**31 - 1, description="the same seed gives the same network")


CandidateSpec = Annotated[
    MeanSpec | LinearSpec | RidgeSpec | LassoSpec | LogisticSpec | RandomForestSpec | LightGbmSpec | XGBoostSpec | MlpSpec,
    Field(discriminator="kind"),
]


def misfit(candidate: CandidateSpec, *, classes: bool) -> tuple[str, str] | None:
    """Return why a candidate cannot answer a task and what to write instead; None where it can.

    Args:
        candidate: kind and settings.
        classes: whether the task is to tell classes apart, rather than a quantity.
    """
    match candidate:
        case LogisticSpec() if not classes:
            return "logistic tells classes apart, the target is a quantity", "write  kind: linear,  ridge  or  lasso"
        case LightGbmSpec(loss="absolute" | "huber" | "quantile" as loss) if classes:
            return f"loss {loss} is of a quantity, the target has classes", "leave  loss  out"
        case _ if classes and getattr(candidate, "transform", "none") != "none":
            return "a transform is of a quantity, the target has classes", "leave  transform  out"
        case _ if candidate.balance and not classes:
            return f"{candidate.kind} cannot balance classes, the target is a quantity", "leave  balance  out"
    return None


def misfit_faults(document: Document, candidates: tuple[CandidateSpec, ...], task: str) -> list[Fault]:
    """Return a fault for each candidate that cannot answer a task.

    Args:
        document: the project file, which knows the lines.
        candidates: as they were read from it, in order.
        task: what the model answers.
    """
    found = [misfit(candidate, classes=task != "regression") for candidate in candidates]
    return [
        Fault("PROJ-045", what, (document.where(("candidates", place)),), fix=fix)
        for place, (what, fix) in ((place, reason) for place, reason in enumerate(found) if reason is not None)
    ]


def names_of(candidates: Sequence[Closed]) -> list[str]:
    """Return what the leaderboard calls each candidate: its own name or its kind, numbered where there are several.

    >>> names_of((MeanSpec(kind="mean"), MeanSpec(kind="mean"), MeanSpec(kind="mean", name="least")))
    ['mean', 'mean-2', 'least']
    """
    names: list[str] = []
    for candidate in candidates:
        own = str(getattr(candidate, "name", None) or getattr(candidate, "kind", ""))
        numbered = (f"{own}-{number}" for number in range(2, len(candidates) + 2))
        names.append(next(name for name in (own, *numbered) if name not in names))
    return names
