"""Which suspicions of a leak does the project put up with, and why?"""

from typing import Literal, Self

from pydantic import Field, model_validator

from steward.project.closed import Closed

LeakRule = Literal["duplicates", "id_like", "single_feature", "random_split"]


class AllowedLeak(Closed):
    """One suspicion that somebody looked into and found harmless."""

    rule: LeakRule = Field(
        description="duplicates: test rows that stand among the training rows; id_like: an input that names its row; "
        "single_feature: an input that alone tells the target; random_split: rows with a time that are shuffled"
    )
    columns: tuple[str, ...] = Field((), description="of id_like and single_feature: which inputs are meant; all if empty")
    because: str = Field(min_length=10, description="why it is no leak; shown wherever the rows are judged")

    @model_validator(mode="after")
    def _columns_where_inputs_are_meant(self) -> Self:
        if self.columns and self.rule in ("duplicates", "random_split"):
            raise ValueError(f"{self.rule} is about all rows: take `columns` out")
        return self


class LeakSpec(Closed):
    """What the leak guard lets pass."""

    allow: tuple[AllowedLeak, ...] = Field((), description="suspicions that are known to be harmless, each with its reason")

    def reason(self, rule: LeakRule, columns: tuple[str, ...]) -> str:
        """Return why a suspicion against some columns may pass; empty where it may not."""
        told = (one.because for one in self.allow if one.rule == rule and (not one.columns or set(columns) <= set(one.columns)))
        return next(told, "")
