"""How does BentoML answer as `steward serve` does? The same reading of a body, the same service, the same refusals.

An exported service.py calls `open_model`; BentoML is an extra and is imported there first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, PrivateAttr

from steward.apps.api.body import Asked, asked_rows, read_json
from steward.apps.api.errors import fault_answer, status_of
from steward.apps.api.routes import VERSION_HEADER
from steward.apps.api.schemas import PredictionResponse, row_of
from steward.core.clock import SystemClock
from steward.core.errors import StewardError
from steward.serving.carried import log_in, read_carried, served_from
from steward.serving.service import Service

if TYPE_CHECKING:
    from bentoml import IODescriptor

_UNAVAILABLE = 503
# What BentoML's own description of an API can hold of a JSON schema.
_SHOWN = ("type", "title", "description", "properties", "required", "additionalProperties", "$defs")


@dataclass(frozen=True, slots=True)
class Model:
    """A version as BentoML needs it: of which shape it is asked and answers, and the service that does."""

    asked: type["IODescriptor"]
    answered: type["IODescriptor"]
    service: Service

    def predict(self, asked: Any) -> Response:
        """Answer what `asked` took from a request; a refusal is an answer too, the one `steward serve` gives."""
        content: Asked | StewardError = asked.content
        if isinstance(content, StewardError):
            return _refusal(content)
        try:
            answers = self.service.predict(content.rows, many=content.many)
        except StewardError as error:
            return _refusal(error)
        given = [answer.as_dict() for answer in answers]
        return JSONResponse({"predictions": given} if content.many else given[0], headers={VERSION_HEADER: str(answers[0].version)})


def open_model(folder: Path, sealed: str, *, workspace: str | None = None) -> Model:
    """Return the version of an exported folder; verified, and its stored rows predicted again.

    Args:
        folder: where `steward export` wrote it.
        sealed: the SHA-256 of the record in it.
        workspace: whose prediction log the answers go to before they are given; without one they are not kept.

    Raises:
        Refused: EXPORT-012, BUNDLE-001 to BUNDLE-005 the folder is not what was exported, or answers otherwise here.
        EnvironmentFault: SERVE-090 the key of the log's hashes cannot be read.
    """
    carried = read_carried(folder, sealed)
    served = served_from(folder, carried)
    service = Service(served, log_in(Path(workspace) if workspace else None, carried), SystemClock())
    return Model(_asked(row_of(served)), _answered(), service)


def _asked(row: type[BaseModel]) -> type["IODescriptor"]:
    """Return what takes a request: its bytes are read as the server reads them, and its schema is that of a row."""
    from bentoml import IODescriptor

    class PredictionRequest(IODescriptor):  # type: ignore[misc] # BentoML gives it without a type
        """One row, or up to 1,000 under `rows`."""

        _content: Asked | StewardError = PrivateAttr()

        @property
        def content(self) -> Asked | StewardError:
            return self._content

        @classmethod
        async def from_http_request(cls, request: Request, serde: Any) -> "PredictionRequest":
            del serde  # BentoML chooses it by the content type; ours is JSON and nothing else
            read = cls()
            try:
                read._content = asked_rows(await read_json(request))
            except StewardError as error:
                read._content = error
            return read

        @classmethod
        def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
            return _shown(row, *args, **kwargs) | {"root_input": True}

    PredictionRequest.__root_input__ = True  # BentoML's mark of a body that is the only argument
    return PredictionRequest


def _answered() -> type["IODescriptor"]:
    from bentoml import IODescriptor

    class Answered(IODescriptor):  # type: ignore[misc] # as above
        """An answer, as described; of many rows a list under `predictions`."""

        @classmethod
        def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
            return _shown(PredictionResponse, *args, **kwargs)

    return Answered


def _shown(model: type[BaseModel], *args: Any, **kwargs: Any) -> dict[str, Any]:
    schema: Mapping[str, Any] = model.model_json_schema(*args, **kwargs)
    return {key: value for key, value in schema.items() if key in _SHOWN}


def _refusal(error: StewardError) -> Response:
    status = status_of(error)
    return fault_answer(status, error.faults, {"Retry-After": "1"} if status == _UNAVAILABLE else None)
