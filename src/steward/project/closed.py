"""What do all parts of a declaration share? Closed and frozen: an unknown key is a mistake worth naming."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(gt=0, lt=1)]


class Closed(BaseModel):
    """A part of a project file: unknown keys are mistakes, nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
