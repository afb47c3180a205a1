"""How long is kept what a server was asked, how safely, and how much of it?"""

from typing import Literal

from pydantic import Field

from steward.project.closed import Closed

Kept = Literal["keep", "hash", "leave_out"]


class ServingSpec(Closed):
    """What becomes of the rows that predictions were asked for; the dictionary says which columns need care."""

    workers: int = Field(1, ge=1, le=64, description="processes that answer; about as many as there are cores")
    retention_days: int | None = Field(
        None, ge=1, le=36500, description="older predictions and outcomes are removed; absent: kept for ever"
    )
    sync: bool = Field(
        default=False, description="wait for the disk before each answer: loses nothing when the machine loses power, and is slower"
    )
    sensitive: Kept = Field(
        "hash", description="columns of sensitivity `sensitive` in the prediction log: as they are, hashed or not at all"
    )
    personal: Kept = Field(
        "keep", description="columns of sensitivity `personal` in the prediction log: as they are, hashed or not at all"
    )
