"""Which role does a route need? Each says so itself, and a path that does not is not served at all."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import FastAPI
from starlette.routing import BaseRoute, Match, Mount

from steward.apps.api.once import ONCE_PARAMETER, ONCE_PATH
from steward.core.errors import Fault, UsageError
from steward.serving.keys import Role

Needed = Role | Literal["anyone"]
OtherMethods = frozenset[str]
_KEY = "x-steward-role"
# Routes that FastAPI makes by itself and that cannot say anything.
_OF_THE_FRAMEWORK: Mapping[str, Needed] = {
    "/openapi.json": "viewer",
    "/docs": "viewer",
    "/docs/oauth2-redirect": "viewer",
    "/static-offline-docs": "viewer",
}


def needs(role: Needed) -> dict[str, Any]:
    """Return what a route says of who may ask it: ``@router.get("/drift", openapi_extra=needs("viewer"))``."""
    return {_KEY: role}


@dataclass(frozen=True, slots=True)
class Entrance:
    """A route as the door knows it: its template, the role it needs, and what it can be asked by."""

    template: str
    needed: Needed
    methods: frozenset[str]


class Entrances:
    """All routes of an application, by path; found in one look where a path has no parameters.

    Raises:
        UsageError: SERVE-061 a route does not say which role it needs.
    """

    def __init__(self, app: FastAPI) -> None:
        found = tuple((route, _entrance(route)) for route in _flat(app.router.routes))
        _refuse_undeclared(found)
        self.all = tuple(entrance for _, entrance in found if entrance is not None)
        self._by_path: dict[str, dict[str, Entrance]] = {}
        self._open: list[tuple[BaseRoute, Entrance]] = []
        for route, entrance in found:
            if entrance is not None and ("{" in entrance.template or isinstance(route, Mount)):
                self._open.append((route, entrance))
            elif entrance is not None:
                self._by_path.setdefault(entrance.template, {}).update(dict.fromkeys(entrance.methods, entrance))

    def find(self, scope: Mapping[str, Any]) -> Entrance | OtherMethods | None:
        """Return the route a request leads to; where its path is there for other methods, these; None where it is not."""
        known = self._by_path.get(scope["path"])
        if known is not None:
            return known.get(scope["method"]) or frozenset(known)
        return self._search(scope)

    def _search(self, scope: Mapping[str, Any]) -> Entrance | OtherMethods | None:
        others: OtherMethods = frozenset()
        for route, entrance in self._open:
            match, _ = route.matches(dict(scope))
            if (
                match is Match.FULL and scope["method"] in entrance.methods
            ):  # a mount takes all of them, and no side effect wants any
                return entrance
            others |= entrance.methods if match is not Match.NONE else frozenset()
        return others or None


def _flat(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    for route in routes:
        inner = getattr(route, "original_router", None)  # so FastAPI keeps an included router since 0.13x; before, it copied
        if inner is None:
            yield route
        else:
            yield from _flat(inner.routes)


def _entrance(route: BaseRoute) -> Entrance | None:
    path, methods = str(getattr(route, "path", "")), getattr(route, "methods", None) or {"GET", "HEAD"}
    needed = (getattr(route, "openapi_extra", None) or {}).get(_KEY) or _OF_THE_FRAMEWORK.get(path)
    return None if needed is None else Entrance(path, needed, frozenset(methods))


def _refuse_undeclared(found: Iterable[tuple[BaseRoute, Entrance | None]]) -> None:
    faults = [
        Fault("SERVE-061", f"the route {getattr(route, 'path', route)} does not say which role it needs", fix=_FIX)
        for route, entrance in found
        if entrance is None
    ]
    if faults:
        raise UsageError(*faults)


_FIX = 'declare it:  openapi_extra=needs("viewer")   with needs from steward.apps.api.access; "anyone" is open to all'


_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "a key from  steward keys create"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "the same key"},
}
_TURNED_AWAY = {
    "401": "a key that opens this is needed",
    "403": "the key's role is too low",
    "421": "the server does not answer to the name in the Host header",
    "429": "asked too often; Retry-After says when again",
}


def describe_access(full: dict[str, Any]) -> dict[str, Any]:
    """Add to an OpenAPI description, in place, how to send a key and what the door answers; return it."""
    full.setdefault("components", {})["securitySchemes"] = _SCHEMES
    if ONCE_PATH in full["paths"]:
        full["paths"][ONCE_PATH]["post"].setdefault("parameters", []).append(dict(ONCE_PARAMETER))
    for operation in (found for path in full["paths"].values() for found in path.values()):
        if operation.get(_KEY) == "anyone":
            operation["security"] = []
            continue
        operation["security"] = [{name: []} for name in _SCHEMES]
        answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}}
        for status, why in _TURNED_AWAY.items():
            operation["responses"].setdefault(status, {"description": why, **answer})
    return full
