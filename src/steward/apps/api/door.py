"""Who may come in? Decided before a byte of the body is read, and the same for every path.

In this order: the request's name (`X-Request-Id`), the server's (Host), the key, how often it may ask, the path, the role.
What does not pass is answered here; what passes goes on with `request.state.caller`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from time import monotonic, perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from steward.apps.api.access import Entrance, Entrances, OtherMethods
from steward.apps.api.errors import fault_answer, nothing_here, unexpected
from steward.apps.api.headers import Said, added_headers, is_host_allowed, read_headers
from steward.apps.api.once import ONCE_PATH, AnswersOnce, Once
from steward.apps.api.request_log import Tell, tell_nobody
from steward.core.clock import Clock
from steward.core.errors import Fault
from steward.serving.keys import allows
from steward.serving.limits import Buckets, Limits, source_of
from steward.serving.ring import LOCAL, Caller, KeyRing

WRONG_KEYS_PER_MINUTE = 10


@dataclass(frozen=True, slots=True)
class Rules:
    """What the door goes by.

    Without a `ring` whoever asks is the local user; `hosts` are the names this server answers to, None for any. Whoever
    lets others reach the application gives both, as `steward serve` does. Several processes of one server give `limits` in which
    they count together, by what is limited, and `once`, which knows what the others answered.
    """

    ring: KeyRing | None = None
    hosts: frozenset[str] | None = None
    tell: Tell = tell_nobody
    seconds: Callable[[], float] = monotonic
    limits: Callable[[str], Limits] = lambda _: Buckets()
    once: AnswersOnce | None = None


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """An answer that the door gives by itself, and to whom, where that is known."""

    status: int
    fault: Fault
    headers: dict[str, str]
    caller: Caller | None = None


@dataclass(frozen=True, slots=True)
class _Guest:
    caller: Caller | None
    entrance: Entrance


class Door:
    """ASGI middleware around an application whose routes all say which role they need; it knows `direct` ways to some."""

    def __init__(
        self, app: ASGIApp, entrances: Entrances, rules: Rules, clock: Clock, direct: Mapping[str, ASGIApp] | None = None
    ) -> None:
        self._app = app
        self._direct = direct or {}
        self._entrances = entrances
        self._rules = rules
        self._clock = clock
        self._once = rules.once or Once(rules.seconds)
        self._asked, self._guessed, self._alarmed = (rules.limits(kind) for kind in ("asked", "guessed", "alarmed"))
        templates = {entrance.template for entrance in entrances.all}
        self._added = {template: added_headers(template) for template in (None, *templates)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; the application's start and end pass, and nothing else speaks another protocol here."""
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        began_s = perf_counter()
        said = read_headers(scope["headers"])
        entrance = self._entrances.find(scope)
        found = self._admit(entrance, scope, said)
        template = entrance.template if isinstance(entrance, Entrance) else None
        added = (*self._added[template], (b"x-request-id", str(said.request_id).encode()))
        status: int | None = None

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        try:
            await self._let_in(found, said, scope, receive, sending)
        except Exception:
            if status is None:
                await fault_answer(500, [unexpected()])(scope, receive, sending)
            raise
        finally:
            self._tell(scope, said, found.caller, template, status, perf_counter() - began_s)

    async def _let_in(self, found: "TurnedAway | _Guest", said: Said, scope: Scope, receive: Receive, send: Send) -> None:
        if isinstance(found, TurnedAway):
            await fault_answer(found.status, [found.fault], found.headers)(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = found.caller
        app = self._direct.get(found.entrance.template, self._app)
        if said.once is None or found.entrance.template != ONCE_PATH:
            await app(scope, receive, send)
        else:
            owner = found.caller.prefix or found.caller.name if found.caller else ""
            await self._once.answer(app, owner, said.once, scope, receive, send)

    def _admit(self, entrance: Entrance | OtherMethods | None, scope: Scope, said: Said) -> "TurnedAway | _Guest":
        if isinstance(entrance, Entrance) and entrance.needed == "anyone":
            return _Guest(None, entrance)  # it tells nobody anything; who watches a container asks it by a number
        if not is_host_allowed(said.hosts, self._rules.hosts):
            return TurnedAway(421, _OTHER_HOST, {})
        caller = self._caller(scope, said)
        if isinstance(caller, TurnedAway):
            return caller
        wait_s = self._wait(caller)
        return TurnedAway(429, _too_often(caller), _retry(wait_s), caller) if wait_s else _led(entrance, caller, scope["method"])

    def _wait(self, caller: Caller) -> float:
        if caller.prefix is None or caller.per_minute is None:
            return 0.0
        return self._asked.take(caller.prefix, caller.per_minute, self._rules.seconds())

    def _caller(self, scope: Scope, said: Said) -> Caller | TurnedAway:
        if self._rules.ring is None:
            return LOCAL
        only = said.secrets[0] if len(said.secrets) == 1 else None
        caller = self._rules.ring.caller(only)
        if caller is not None:
            return caller
        wait_s = self._wrong_key(source_of(str((scope.get("client") or ("",))[0]))) if said.secrets else 0.0
        return TurnedAway(429, _GUESSING, _retry(wait_s)) if wait_s else TurnedAway(401, _NO_KEY, {"WWW-Authenticate": "Bearer"})

    def _wrong_key(self, source: str) -> float:
        """Count a wrong key and return the seconds until this source may try again; one alarm a minute while it must wait."""
        now_s = self._rules.seconds()
        wait_s = self._guessed.take(source, WRONG_KEYS_PER_MINUTE, now_s)
        if wait_s and not self._alarmed.take(source, 1, now_s):
            self._rules.tell({"at": self._clock.now().isoformat(), "event": "key.guessing", "source": source})
        return wait_s

    def _tell(
        self, scope: Scope, said: Said, caller: Caller | None, template: str | None, status: int | None, took_s: float
    ) -> None:
        if self._rules.tell is not tell_nobody:
            asked = {"id": said.request_id, "method": scope["method"], "route": template}
            went = {"status": status, "ms": round(took_s * 1000, 3), "key": caller and (caller.prefix or caller.name)}
            self._rules.tell({"at": self._clock.now().isoformat(), "event": "request.answered", **asked, **went})


def _led(entrance: Entrance | OtherMethods | None, caller: Caller, method: str) -> "TurnedAway | _Guest":
    """Lead a known caller to a route; only who may come in at all learns which paths there are."""
    if not isinstance(entrance, Entrance):
        allowed = {"Allow": ", ".join(sorted(entrance))} if entrance else {}
        return TurnedAway(405 if entrance else 404, nothing_here(method, wrong_method=bool(entrance)), allowed, caller)
    if entrance.needed != "anyone" and not allows(caller.role, entrance.needed):
        return TurnedAway(403, _role_too_low(caller, entrance), {}, caller)
    return _Guest(caller, entrance)


def _retry(wait_s: float) -> dict[str, str]:
    return {"Retry-After": str(ceil(wait_s))}


def _too_often(caller: Caller) -> Fault:
    fix = "wait as long as Retry-After says, send more rows in one request, or ask for a key with a higher  --per-minute"
    return Fault("AUTH-003", f"this key may ask {caller.per_minute} times a minute", fix=fix)


def _role_too_low(caller: Caller, entrance: Entrance) -> Fault:
    fix = f"use a key made with  --role {entrance.needed}"
    return Fault("AUTH-002", f"the role {caller.role} may not ask this; it needs {entrance.needed}", fix=fix)


_OTHER_HOST = Fault(
    "SERVE-060",
    "this server does not answer to the name in the Host header",
    ("host",),
    fix="ask it by its own name, or start it with  --allow-host NAME",
)
_NO_KEY = Fault(
    "AUTH-001",
    "a key that opens this is needed",
    fix="send  Authorization: Bearer KEY  or  X-API-Key: KEY ; whoever runs the server makes one:  steward keys create",
)
_GUESSING = Fault("AUTH-004", "too many wrong keys came from here", fix="wait as long as Retry-After says; a right key still opens")
