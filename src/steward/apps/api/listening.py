"""On which addresses may a server listen, who may then ask it, and by which names?"""

from collections.abc import Sequence
from pathlib import Path

from steward.apps.api.request_log import LineFile, Tell, tell_stderr
from steward.core.clock import Clock
from steward.core.errors import Fault, Refused, UsageError
from steward.serving.keys import KeyStore
from steward.serving.ring import KeyRing

LOOPBACK = ("127.0.0.1", "::1", "localhost")
ANY_NAME = "*"
_ALL_ADDRESSES = ("0.0.0.0", "::", "")  # noqa: S104 - what is refused without keys
_NAME_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_:")
_STDERR = "-"


def ring_for(host: str, store: KeyStore, clock: Clock) -> KeyRing:
    """Return the keys a server that listens on `host` goes by.

    Raises:
        Refused: SERVE-002 others can reach the address, and no key opens anything.
    """
    alone = host in LOOPBACK
    ring = KeyRing(store, clock, alone=alone)
    ring.look()
    if not alone and not ring.active:
        fix = "make a key first:  steward keys create NAME --role predictor   or listen on 127.0.0.1"
        why = "anybody who reaches it could ask for predictions: no key is active in this workspace"
        raise Refused(Fault("SERVE-002", f"refusing to listen on {host}", why=why, fix=fix))
    return ring


def names_of(host: str, more: Sequence[str]) -> frozenset[str] | None:
    """Return the names in the Host header that a server answers to; None for any, which ``*`` among `more` asks for.

    Raises:
        UsageError: SERVE-064 one of `more` cannot be such a name.
    """
    if ANY_NAME in more:
        return None
    for name in more:
        if not name or not set(name.lower()) <= _NAME_SIGNS:
            fix = "write a name or an address without scheme and port:  --allow-host models.example.org"
            raise UsageError(Fault("SERVE-064", f"{name!r} cannot be a server's name", ("--allow-host",), fix=fix))
    own = () if host in _ALL_ADDRESSES else (host.lower(),)
    return frozenset({*LOOPBACK, *own, *(name.lower() for name in more)})


def request_log(to: str | None, folder: Path, server: str, *, worker: int | None = None) -> Tell:
    """Return what keeps a line a request: the file named, the process's own output for ``-``, or one in `folder`.

    Each worker of several has a file of its own, with its number in the name; a device is no such file.
    """
    if to == _STDERR:
        return tell_stderr
    path = folder / f"requests-{server}.jsonl" if to is None else Path(to)
    alone = worker is None or (path.exists() and not path.is_file())
    return LineFile(path if alone else path.with_name(f"{path.stem}-w{worker}{path.suffix}"))
