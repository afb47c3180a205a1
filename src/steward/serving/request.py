"""What may a request hold? A closed model made from the dictionary, and the frame its rows become."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Annotated, Any

import polars as pl
from pydantic import (
    AllowInfNan,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic.types import Strict
from pydantic_core import PydanticCustomError

from steward.core.errors import Fault, UsageError
from steward.data.convert import DTYPES
from steward.project.dictionary import ColumnSpec, DictionarySpec
from steward.serving.moments import WALL_CLOCK
from steward.serving.refusal import row_faults

MAX_FAULTS = 20
MAX_TEXT = 1000
_INT64 = (-(2**63), 2**63 - 1)
_WALL_CLOCK = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?")
_ZONED = re.compile(r"(Z|[+-]\d{2}:?(\d{2})?)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RequestForm:
    """What one version of a model takes: the columns a row may hold, and the model that one must fit, or all `rows` at once."""

    dictionary: DictionarySpec
    columns: tuple[str, ...]
    row: type[BaseModel]
    rows: TypeAdapter[list[BaseModel]]


def request_form(dictionary: DictionarySpec, inputs: Collection[str]) -> RequestForm:
    """Return the form for a model that reads `inputs`."""
    row = request_model(dictionary, inputs)
    return RequestForm(dictionary, _taken(dictionary, inputs), row, TypeAdapter(list[row]))  # type: ignore[valid-type]


def request_model(dictionary: DictionarySpec, inputs: Collection[str]) -> type[BaseModel]:
    """Return the closed pydantic model of one row.

    Beside `inputs` a row may hold the dictionary's other columns known at request time, so that a client
    keeps working when the next champion reads fewer of them. Fields are strict: no text for a number, no
    NaN, no time with a zone. Only what is required and read must be there; codes are described and not
    enforced, because new ones appear in the world and it is the watch that should notice.
    """
    taken = _taken(dictionary, inputs)
    fields: dict[str, Any] = {
        # Columns may bear names that pydantic keeps for itself (`copy`, `model_id`): they come in as aliases.
        f"column_{number}": _field(name, dictionary.columns[name], required=name in inputs and dictionary.columns[name].required)
        for number, name in enumerate(taken)
    }
    example: JsonValue = {name: dictionary.columns[name].example for name in taken if dictionary.columns[name].example is not None}
    config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [example]} if example else {})
    return create_model("Row", __config__=config, __doc__="One row to predict for.", **fields)


def parse_rows(dictionary: DictionarySpec, inputs: Collection[str], rows: Sequence[object]) -> list[dict[str, Any]]:
    """Return the rows, checked: column name to value, times as naive datetimes, only what was given.

    Raises:
        UsageError: SERVE-030 to SERVE-036, one Fault for each mistake up to `MAX_FAULTS`.
    """
    return read_rows(request_form(dictionary, inputs), rows)


def read_rows(form: RequestForm, rows: Sequence[object], *, many: bool = True) -> list[dict[str, Any]]:
    """Return the rows as `parse_rows` does, with a form made before; `many` puts ``rows[i]`` into what a Fault names."""
    if not rows:
        fix = "send at least one row, or do not ask"
        raise UsageError(Fault("SERVE-035", "there is no row to predict for", ("rows",) if many else (), fix=fix))
    read = _read_together(form, rows) if len(rows) > 1 else []
    if read:
        return read
    faults: list[Fault] = []
    for number, row in enumerate(rows):
        try:
            read.append(_read(form, _bounded(row, form)).model_dump(by_alias=True, exclude_unset=True))
        except ValidationError as error:
            path = f"rows[{number}]" if many else ""
            faults += row_faults(error, path, form.dictionary, form.columns, limit=MAX_FAULTS - len(faults))
            if len(faults) >= MAX_FAULTS:
                break
    if faults:
        raise UsageError(*faults)
    return read


def rows_to_frame(rows: Sequence[Mapping[str, Any]], dictionary: DictionarySpec, inputs: Sequence[str]) -> pl.DataFrame:
    """Return the rows as a frame of the columns in `inputs`, in that order, with the dictionary's types.

    Times may be datetimes (a parsed request) or ISO text (a record of the prediction log); what a row does
    not hold is null.
    """
    schema = {name: DTYPES[dictionary.columns[name].type] for name in inputs}
    times = [name for name, dtype in schema.items() if dtype == pl.Datetime]
    held = [{name: row.get(name) for name in inputs} | _as_times(row, times) for row in rows]
    return pl.from_dicts(held, schema=schema) if held else pl.DataFrame(schema=schema)


def _read_together(form: RequestForm, rows: Sequence[object]) -> list[dict[str, Any]]:
    """Return all rows, three times as fast as one by one; none where one of them has to be looked at by itself."""
    if any(type(row) is not dict or len(row) > len(form.columns) for row in rows):
        return []
    try:
        read: list[dict[str, Any]] = form.rows.dump_python(form.rows.validate_python(rows), by_alias=True, exclude_unset=True)
    except ValidationError:
        return []
    return read


def _read(form: RequestForm, row: object) -> BaseModel:
    try:
        return form.row.model_validate(row)
    except ValidationError as error:
        # In JSON 74.0 is the same whole number as 74, and some clients write it so.
        whole = {
            detail["loc"][0]: int(detail["input"])
            for detail in error.errors(include_url=False, include_context=False)
            if detail["type"] == "int_type" and isinstance(detail["input"], float) and detail["input"].is_integer()
        }
        if not whole or not isinstance(row, dict):
            raise
        return form.row.model_validate(row | whole)


def _bounded(row: object, form: RequestForm) -> object:
    """Leave out all but a few of a flood of unknown names: each would become an error of its own."""
    if not isinstance(row, dict) or len(row) <= len(form.columns) + MAX_FAULTS:
        return row
    unknown = islice((name for name in row if name not in form.columns), MAX_FAULTS)
    return {name: row[name] for name in (*form.columns, *unknown) if name in row}


def _taken(dictionary: DictionarySpec, inputs: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name, column in dictionary.columns.items() if name in inputs or column.known_at == "request")


def _as_times(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(row[name]) for name in names if isinstance(row.get(name), str)}


def _field(name: str, column: ColumnSpec, *, required: bool) -> tuple[Any, Any]:
    kind = _kind(column)
    examples = None if column.example is None else [column.example]
    about: dict[str, Any] = {"alias": name, "title": name, "description": _describe(column), "examples": examples}
    if required:
        return kind, Field(..., **about)
    return kind | None, Field(default=None, **about)


def _kind(column: ColumnSpec) -> Any:
    match column.type:
        case "integer":
            low, high = _INT64
            bounds = Field(
                ge=max(low, low if column.min is None else column.min), le=min(high, high if column.max is None else column.max)
            )
            return Annotated[int, Strict(), bounds]
        case "number":
            return Annotated[float, Strict(), AllowInfNan(False), Field(ge=column.min, le=column.max)]
        case "boolean":
            return Annotated[bool, Strict()]
        case "datetime":
            schema = {"type": "string", "pattern": WALL_CLOCK}
            return Annotated[datetime, BeforeValidator(_wall_clock), WithJsonSchema(schema)]
        case _:
            return Annotated[str, BeforeValidator(_plain_text), Strict(), Field(max_length=MAX_TEXT)]


def _describe(column: ColumnSpec) -> str:
    unit = f" Unit: {column.unit}." if column.unit else ""
    codes = "".join(f" {code} = {words}." for code, words in (column.codes or {}).items())
    return f"{column.meaning.removesuffix('.')}.{unit}{codes}" if unit or codes else column.meaning


def _wall_clock(value: object) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is None:
        return value
    if isinstance(value, str) and _WALL_CLOCK.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError as error:
            raise PydanticCustomError("impossible_time", "is not a date and time that exists") from error
    if isinstance(value, datetime) or (isinstance(value, str) and _ZONED.search(value) and _WALL_CLOCK.match(value)):
        raise PydanticCustomError("zoned_time", "carries a time zone")
    raise PydanticCustomError("not_a_time", "is not a date and time")


def _plain_text(value: object) -> object:
    # JSON can spell half a character (a lone surrogate); no file and no database could keep it.
    if isinstance(value, str) and not value.isascii() and value.encode("utf-8", "replace").decode() != value:
        raise PydanticCustomError("half_a_character", "holds half a character")
    return value
