"""What must hold for rows and columns, and what is mended where it does not?"""

from typing import Annotated

from pydantic import Field

from steward.project.checks import (
    AllowedCheck,
    ConflictCheck,
    ConstantCheck,
    FreshCheck,
    InPeriodCheck,
    IqrCheck,
    MatchesCheck,
    NotNullCheck,
    NullShareCheck,
    NullTogetherCheck,
    RangeCheck,
    RuleCheck,
    SchemaCheck,
    SpellingCheck,
    UniqueCheck,
    ZscoreCheck,
)
from steward.project.cleaning import Cast, Clip, DropDuplicates, DropRows, FillMissing, Outliers, Replace
from steward.project.closed import Closed

CellCheck = NotNullCheck | RangeCheck | AllowedCheck | MatchesCheck | InPeriodCheck | RuleCheck | NullShareCheck
ComparedCheck = UniqueCheck | ConflictCheck | IqrCheck | ZscoreCheck | SpellingCheck | NullTogetherCheck
TableCheck = ConstantCheck | FreshCheck | SchemaCheck
CheckSpec = Annotated[CellCheck | ComparedCheck | TableCheck, Field(discriminator="kind")]
CleaningSpec = Annotated[
    DropDuplicates | DropRows | FillMissing | Replace | Cast | Clip | Outliers,
    Field(discriminator="kind"),
]


class QuarantineSpec(Closed):
    """How much may be set apart before the run stops."""

    max_share: float = Field(0.1, ge=0, le=1, description="greatest share of rows that checks may set apart")
    max_unreadable: float = Field(
        0.01, ge=0, le=1, description="greatest share of a file's rows that may be unreadable and set apart"
    )
