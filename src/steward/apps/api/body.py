"""What did the client send? Bytes of bounded size, strict JSON, one row or many."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from steward.core.errors import Fault, UsageError

MAX_BYTES = 1_000_000
MAX_ROWS = 1000
_SWALLOWED_BYTES = 100_000_000
_MAX_DIGITS = 40


@dataclass(frozen=True, slots=True)
class Asked:
    """The rows of one request; `many` where they came as a list."""

    rows: list[object]
    many: bool


async def read_json(request: Request) -> object:
    """Return the request's body as a JSON value.

    Numbers that JSON allows and no column can hold (1e400, 5000 digits) come back as floats or infinities, so that
    checking the row names their field.

    Raises:
        UsageError: SERVE-020 too large, SERVE-021 not JSON as it should be, SERVE-022 not said to be JSON.
    """
    _refuse_unless_json(request.headers.get("content-type", ""))
    body = await _read(request)
    try:
        return json.loads(body.decode(), object_pairs_hook=_object, parse_int=_whole_number)
    except UnicodeDecodeError as error:
        raise _not_json(f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise _not_json(f"{error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise _not_json("it is nested too deeply") from error


def asked_rows(value: object) -> Asked:
    """Return the rows in a body: an object is one row, unless it holds a list called `rows`.

    Raises:
        UsageError: SERVE-030 something stands beside `rows`, SERVE-035 no row where one should be, SERVE-038 too many.
    """
    if not isinstance(value, Mapping):
        fix = 'write one row as {"column": value, ...}, or many as {"rows": [...]}'
        raise UsageError(Fault("SERVE-035", "the body is neither a row nor a list of rows under `rows`", ("body",), fix=fix))
    if "rows" not in value:
        return Asked([value], many=False)
    if len(value) > 1:
        raise UsageError(
            Fault("SERVE-030", "something stands beside `rows`", ("body",), fix='send {"rows": [...]} and nothing else')
        )
    rows = value["rows"]
    if not isinstance(rows, list):
        raise UsageError(Fault("SERVE-035", "`rows` is not a list", ("rows",), fix='write {"rows": [{...}, ...]}'))
    if len(rows) > MAX_ROWS:
        fix = f"send at most {MAX_ROWS} rows at once"
        raise UsageError(Fault("SERVE-038", f"{len(rows)} rows are too many", ("rows",), fix=fix))
    return Asked(rows, many=True)


def _refuse_unless_json(content_type: str) -> None:
    if content_type.partition(";")[0].strip().lower() != "application/json":
        # A web page may send anything else to this machine without being asked whether it may.
        fault = Fault(
            "SERVE-022", "the body is not said to be JSON", ("content-type",), fix="add the header  Content-Type: application/json"
        )
        raise UsageError(fault)


async def _read(request: Request) -> bytes:
    body = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= MAX_BYTES:
            body += chunk
        elif size > _SWALLOWED_BYTES:
            break
    if size > MAX_BYTES:
        # Reading on what is thrown away lets the client finish sending, and so read this answer.
        fix = f"send at most {MAX_BYTES:,} bytes at once, in more requests"
        raise UsageError(Fault("SERVE-020", "the body is too large", ("body",), fix=fix))
    return bytes(body)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        shown = twice[:60].encode("utf-8", "backslashreplace").decode()
        raise UsageError(Fault("SERVE-021", f"{shown!r} stands there more than once", (shown,), fix="send each name once"))
    return found


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else float(digits)


def _not_json(why: str) -> UsageError:
    fix = 'send JSON in UTF-8, for example {"column": 1}'
    return UsageError(Fault("SERVE-021", "the body is not JSON", ("body",), why=why, fix=fix))
