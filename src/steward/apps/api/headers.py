"""What does the door read from a request's headers, and what does it add to every answer's?"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import uuid4

Header = tuple[bytes, bytes]

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::[0-9]{1,5})?")
_BEARER = b"bearer "

_ALWAYS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_CLOSED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_NOTHING_RUNS: Header = (b"content-security-policy", _CLOSED.encode())
# The documentation page begins with a script inside the page, which FastAPI writes.
_DOCS_SOURCES = "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'"
_DOCS_RUN: Header = (b"content-security-policy", f"{_CLOSED}; {_DOCS_SOURCES}".encode())
_PAGES = ("/docs", "/docs/oauth2-redirect")


@dataclass(slots=True)
class Said:
    """What a request's headers say to the door; `secrets` holds every key in them, of which one is allowed."""

    hosts: list[bytes]
    secrets: list[str]
    request_id: str | None = None
    once: bytes | None = None


def read_headers(headers: Iterable[Header]) -> Said:
    """Return what headers, their names in lower case, say to the door."""
    said = Said([], [])
    for name, value in headers:
        if name == b"host":
            said.hosts.append(value)
        elif name == b"authorization":
            said.secrets.append(_bearer(value))
        elif name == b"x-api-key":
            said.secrets.append(value.decode("latin-1").strip())
        elif name == b"x-request-id":
            said.request_id = value.decode() if _REQUEST_ID.fullmatch(value) else None
        elif name == b"idempotency-key":
            said.once = value if said.once is None else said.once + b", " + value
    said.request_id = said.request_id or uuid4().hex
    return said


def is_host_allowed(hosts: Sequence[bytes], allowed: frozenset[str] | None) -> bool:
    """Tell whether a request names this server, by exactly one Host; with None any name does."""
    if allowed is None:
        return True
    found = _HOST.fullmatch(hosts[0].decode("latin-1").lower()) if len(hosts) == 1 else None
    return found is not None and found[1].strip("[]") in allowed


def added_headers(template: str | None) -> tuple[Header, ...]:
    """Return the headers that every answer of a route gets."""
    return (*_ALWAYS, _DOCS_RUN if template in _PAGES else _NOTHING_RUNS)


def _bearer(value: bytes) -> str:
    return value[len(_BEARER) :].decode("latin-1").strip() if value[: len(_BEARER)].lower() == _BEARER else ""
