"""How does a published file get here - once, whole, and the one that was meant?

A download goes into a `.part` file; a later try asks only for the rest, and only while the server still has
the same file (its entity tag is kept beside). A file appears under its name after its checksum held.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from steward.core.digest import digest_bytes, digest_file
from steward.core.errors import EnvironmentFault, Fault, UsageError
from steward.core.progress import Progress
from steward.data.arriving import alone
from steward.data.destination import refuse_odd_target, shown
from steward.data.download import Download, Interrupted, receive, request_headers
from steward.data.unavailable import NotPublished, Unreachable

if TYPE_CHECKING:
    import httpx

__all__ = ["Limits", "NotPublished", "Unreachable", "cached_path", "fetch", "is_held", "verify"]

_CONNECT_S = 5.0
_MAX_NAME_BYTES = 200


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be, and how long a server is waited for.

    `silence_s` is the longest pause within an answer, `pause_s` the one before the second of `tries` tries, doubled before
    each further one; a server that asks for more than `patience_s` is not waited for.
    """

    max_bytes: int = 2 << 30
    silence_s: float = 30.0
    pause_s: float = 0.5
    patience_s: float = 20.0
    tries: int = 3


def fetch(
    url: str,
    into: Path,
    *,
    sha256: str | None,
    progress: Progress,
    offline: bool = False,
    refresh: bool = False,
    limits: Limits = Limits(),
    transport: "httpx.BaseTransport | None" = None,
) -> Path:
    """Return the file behind a URL, from the cache where it is there already.

    Args:
        url: http or https; redirects are followed, but not into this machine's own network.
        into: the cache folder; each URL has a folder of its own in it, so that equal names do not meet.
        sha256: what the content must hash to; None trusts the server.
        progress: told of the bytes that arrive.
        offline: only look into the cache.
        refresh: ask the server whether it has another file by now; where it cannot be asked, the cached one is used.
        limits: size and waiting.
        transport: replaces the network in tests.

    Raises:
        NotPublished: the server does not have it (DATA-021).
        Unreachable: no server answered (DATA-021), or it sends on to where nobody should go (DATA-092).
        EnvironmentFault: DATA-021 the download failed, DATA-022 the checksum does not hold, DATA-090 and DATA-091 no room.
        UsageError: DATA-025 not a web address.
    """
    path = cached_path(url, into)
    known = sha256 is not None or not refresh
    if known and is_held(path, sha256):
        return path
    if offline:
        if is_held(path, sha256):
            return path
        raise Unreachable(Fault("DATA-021", "not in the cache, and nothing is fetched now", (shown(url),), fix="work online once"))
    with alone(path):
        if not (known and is_held(path, sha256)):  # another process may have brought it meanwhile
            _renew(Download(url, path, limits.max_bytes, progress), sha256, limits, transport)
    return path


def verify(path: Path, sha256: str | None, *, source: str = "") -> None:
    """See that a file is the one that was meant.

    Args:
        path: any file.
        sha256: what it must hash to, in either case; None says nothing is known.
        source: where it came from, for the message.

    Raises:
        EnvironmentFault: DATA-022 it is another one.
    """
    if sha256 is None or digest_file(path) == sha256.lower():
        return
    why = f"declared {sha256}, received {digest_file(path)}"
    fix = "try again; if the publisher replaced the file and you trust it, write the new checksum under source.sha256"
    what = "the file is not the one that was declared: its checksum differs"
    raise EnvironmentFault(Fault("DATA-022", what, (source or str(path),), why, fix))


def cached_path(url: str, into: Path) -> Path:
    """Return where `fetch` keeps the file of a URL.

    Raises:
        UsageError: DATA-025 it is no web address, or does not end with a file's name.
    """
    parts = _split(url)
    name = unquote(parts.path.rpartition("/")[2])
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(Fault("DATA-025", "not a web address", (shown(url),), fix="write a URL that starts with https://"))
    if not name.strip(". ") or set(name) & set("/\\\0") or len(name.encode()) > _MAX_NAME_BYTES:
        what = "the address does not end with a file name"
        raise UsageError(Fault("DATA-025", what, (shown(url),), fix="write the URL of one file"))
    return into / digest_bytes(url.encode())[:12] / name


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise UsageError(
            Fault("DATA-025", "not a web address", why=str(error), fix="write a URL that starts with https://")
        ) from error
    return parts


def is_held(path: Path, sha256: str | None) -> bool:
    """Say whether a file is in the cache and, where its checksum is known, the one that was meant."""
    return path.is_file() and (sha256 is None or digest_file(path) == sha256.lower())


def _renew(download: Download, sha256: str | None, limits: Limits, transport: "httpx.BaseTransport | None") -> None:
    step = f"fetch {download.path.name}"
    download.progress.started(step)
    if sha256 is not None:
        download.tag.unlink(missing_ok=True)  # what is in the cache is not what was meant: whether it changed does not matter
    try:
        arrived = _download_with_retries(download, limits, transport)
    except EnvironmentFault as error:
        if sha256 is not None or not download.path.is_file():
            raise
        download.progress.warned(f"{download.path.name}: the copy in the cache is used, for {error.faults[0].what}")
        arrived = False
    if arrived:
        _accept(download, sha256)
    download.progress.finished(step, f"{download.path.stat().st_size:,} bytes", reused=not arrived)


def _accept(download: Download, sha256: str | None) -> None:
    try:
        verify(download.part, sha256, source=shown(download.url))
    except EnvironmentFault:
        download.drop()
        raise
    download.finish()


def _download_with_retries(download: Download, limits: Limits, transport: "httpx.BaseTransport | None") -> bool:
    """Return whether a file arrived; False where the one in the cache is still the publisher's."""
    import httpx

    timeout = httpx.Timeout(limits.silence_s, connect=_CONNECT_S)
    headers = {"Accept-Encoding": "identity", "User-Agent": "steward"}
    hooks: dict[str, list[Callable[..., object]]] = {"request": [] if transport else [_guard(download.url)]}
    with httpx.Client(transport=transport, timeout=timeout, headers=headers, follow_redirects=True, event_hooks=hooks) as client:
        for attempt in range(limits.tries):
            try:
                return _try_once(download, client)
            except Interrupted as error:
                wait_s = limits.pause_s * 2**attempt if error.wait_s is None else error.wait_s
                if attempt + 1 == limits.tries or wait_s > limits.patience_s:
                    raise _gave_up(download, attempt + 1, error) from error
                time.sleep(wait_s)
    raise AssertionError("the loop above returns or raises")


def _guard(first: str) -> Callable[["httpx.Request"], None]:
    import httpx

    start = str(httpx.URL(first))
    return lambda request: refuse_odd_target(str(request.url), start)


def _gave_up(download: Download, tries: int, error: Interrupted) -> EnvironmentFault:
    asked = f"; it asks to wait {error.wait_s:,.0f} s" if error.wait_s else ""
    what = f"the download failed after {tries} {'try' if tries == 1 else 'tries'}"
    fix = "try again: what has arrived is kept and the rest is asked for"
    return EnvironmentFault(Fault("DATA-021", what, (shown(download.url),), f"{error}{asked}", fix))


def _try_once(download: Download, client: "httpx.Client") -> bool:
    import httpx

    answered = False
    try:
        with client.stream("GET", download.url, headers=request_headers(download)) as response:
            answered = True
            return receive(download, response)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise Unreachable(_away(download, "the server sends on to what is no web address", str(error))) from error
    except (httpx.TransportError, httpx.TooManyRedirects, httpx.DecodingError) as error:
        why = str(error) or type(error).__name__
        if answered or isinstance(error, httpx.RemoteProtocolError | httpx.ReadError | httpx.ReadTimeout):
            raise Interrupted(why) from error
        raise Unreachable(_away(download, "no server answered", why)) from error


def _away(download: Download, what: str, why: str) -> Fault:
    fix = "check the network, give the data as a folder (--data), or work offline (--offline)"
    return Fault("DATA-021", what, (shown(download.url),), why, fix)
