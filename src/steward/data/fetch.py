"""How does a published file get here - once, whole, and the one that was meant?

A download goes into a `.part` file; a later try asks only for the rest, and only while the server still has
the same file (its entity tag is kept beside). A file appears under its name after its checksum held.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from steward.core.digest import digest_bytes, digest_file
from steward.core.errors import EnvironmentFault, Fault, UsageError
from steward.core.progress import Progress

if TYPE_CHECKING:
    import httpx

MAX_BYTES = 2 << 30
_RETRIES = 2
_CONNECT_S, _READ_S = 5.0, 30.0
_ABSENT = frozenset({403, 404, 410})  # object stores answer 403 for a file that was never there
_OK, _PARTIAL, _UNSATISFIABLE, _SERVER = 200, 206, 416, 500


class NotPublished(EnvironmentFault):
    """The server is there and does not have the file."""


class Unreachable(EnvironmentFault):
    """No server answered: no network, a wrong address, or a proxy in between."""


class _Interrupted(Exception):  # noqa: N818 - a step of the retry loop, never seen outside
    """The server failed or the connection broke; another try may get the rest."""


@dataclass(frozen=True, slots=True)
class _Download:
    """One file on its way: where from, where to, and what is already here."""

    url: str
    path: Path
    max_bytes: int
    progress: Progress

    @property
    def part(self) -> Path:
        """What has arrived so far."""
        return self.path.with_name(f"{self.path.name}.part")

    @property
    def tag(self) -> Path:
        """The entity tag of the file that `part` is a part of."""
        return self.path.with_name(f"{self.path.name}.part.tag")

    def drop(self) -> None:
        """Forget what has arrived."""
        self.part.unlink(missing_ok=True)
        self.tag.unlink(missing_ok=True)


def fetch(
    url: str,
    into: Path,
    *,
    sha256: str | None,
    progress: Progress,
    offline: bool = False,
    transport: "httpx.BaseTransport | None" = None,
    max_bytes: int = MAX_BYTES,
    pause_s: float = 0.5,
) -> Path:
    """Return the file behind a URL, from the cache where it is there already.

    Args:
        url: http or https; redirects are followed.
        into: the cache folder; each URL has a folder of its own in it, so that equal names do not meet.
        sha256: what the content must hash to; None trusts the server.
        progress: told of the bytes that arrive.
        offline: only look into the cache.
        transport: replaces the network in tests.
        max_bytes: larger files are refused.
        pause_s: before the second try, doubled before the third.

    Raises:
        NotPublished: the server does not have it (DATA-021).
        Unreachable: no server answered (DATA-021).
        EnvironmentFault: DATA-021 the download failed, DATA-022 the checksum does not hold.
        UsageError: DATA-025 not a web address.
    """
    download = _Download(url, cached_path(url, into), max_bytes, progress)
    if download.path.is_file() and sha256 in (None, digest_file(download.path)):
        return download.path
    if offline:
        raise Unreachable(Fault("DATA-021", "not in the cache, and nothing is fetched now", (url,), fix="work online once"))
    download.path.parent.mkdir(parents=True, exist_ok=True)
    progress.started(f"fetch {download.path.name}")
    _download_with_retries(download, transport, pause_s)
    _verify(download, sha256)
    download.part.replace(download.path)
    download.drop()
    progress.finished(f"fetch {download.path.name}", f"{download.path.stat().st_size:,} bytes")
    return download.path


def cached_path(url: str, into: Path) -> Path:
    """Return where `fetch` keeps the file of a URL."""
    parts = urlsplit(url)
    name = unquote(parts.path.rpartition("/")[2])
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(Fault("DATA-025", "not a web address", (url,), fix="write a URL that starts with https://"))
    if not name or name in (".", "..") or "/" in name or "\\" in name or "\0" in name:
        raise UsageError(Fault("DATA-025", "the address does not end with a file name", (url,), fix="write the URL of one file"))
    return into / digest_bytes(url.encode())[:12] / name


def _download_with_retries(download: _Download, transport: "httpx.BaseTransport | None", pause_s: float) -> None:
    import httpx

    timeout = httpx.Timeout(_READ_S, connect=_CONNECT_S)
    headers = {"Accept-Encoding": "identity", "User-Agent": "steward"}
    with httpx.Client(transport=transport, timeout=timeout, headers=headers, follow_redirects=True) as client:
        for attempt in range(_RETRIES + 1):
            try:
                _try_once(download, client)
            except _Interrupted as error:
                if attempt == _RETRIES:
                    fix = "try again: what has arrived is kept and the rest is asked for"
                    raise EnvironmentFault(
                        Fault("DATA-021", f"the download failed after {attempt + 1} tries", (download.url,), str(error), fix)
                    ) from error
                time.sleep(pause_s * 2**attempt)
            else:
                return


def _try_once(download: _Download, client: "httpx.Client") -> None:
    import httpx

    answered = False
    try:
        with client.stream("GET", download.url, headers=_resume_headers(download)) as response:
            answered = True
            _receive(download, response)
    except (httpx.TransportError, httpx.TooManyRedirects) as error:
        why = str(error) or type(error).__name__
        if answered or isinstance(error, httpx.RemoteProtocolError | httpx.ReadError | httpx.ReadTimeout):
            raise _Interrupted(why) from error
        fix = "check the network, give the data as a folder (--data), or work offline (--offline)"
        raise Unreachable(Fault("DATA-021", "no server answered", (download.url,), why, fix)) from error


def _resume_headers(download: _Download) -> dict[str, str]:
    """Ask for the rest where the beginning is here and the server can tell whether it is still the same file."""
    if not (download.part.is_file() and download.tag.is_file() and download.part.stat().st_size):
        return {}
    return {"Range": f"bytes={download.part.stat().st_size}-", "If-Range": download.tag.read_text(encoding="utf-8")}


def _receive(download: _Download, response: "httpx.Response") -> None:
    status = response.status_code
    if status in _ABSENT:
        raise NotPublished(Fault("DATA-021", f"the server does not have the file (status {status})", (download.url,)))
    if status == _UNSATISFIABLE:
        download.drop()
        raise _Interrupted("the server no longer has the part that was asked for")
    if status >= _SERVER:
        raise _Interrupted(f"the server answered with status {status}")
    if status not in (_OK, _PARTIAL):
        raise EnvironmentFault(Fault("DATA-021", f"the server answered with status {status}", (download.url,)))
    _write(download, response, _beginning(download, status, response.headers))


def _beginning(download: _Download, status: int, headers: Mapping[str, str]) -> int:
    """Return at which byte the answer begins, and remember which file it is."""
    held = download.part.stat().st_size if download.part.is_file() else 0
    if status == _PARTIAL and headers.get("content-range", "").startswith(f"bytes {held}-"):
        return held
    download.drop()
    if status == _PARTIAL:
        raise _Interrupted("the server sent another part than was asked for")
    tag = headers.get("etag", "")
    if tag and not tag.startswith("W/"):  # a weak tag does not promise equal bytes
        download.tag.write_text(tag, encoding="utf-8")
    return 0


def _write(download: _Download, response: "httpx.Response", start: int) -> None:
    length = response.headers.get("content-length", "")
    total = start + int(length) if length.isdigit() else None
    done = start
    with download.part.open("ab" if start else "wb") as file:
        _refuse_size(download, total or 0)
        for block in response.iter_raw():  # as it arrives: whatever came before a break is kept
            file.write(block)
            done += len(block)
            _refuse_size(download, done)
            download.progress.advanced(f"fetch {download.path.name}", done, total)
    if total is not None and done != total:
        raise _Interrupted(f"the connection closed after {done:,} of {total:,} bytes")


def _refuse_size(download: _Download, size: int) -> None:
    if size > download.max_bytes:
        download.drop()
        what = f"the file is larger than {download.max_bytes:,} bytes"
        raise EnvironmentFault(Fault("DATA-021", what, (download.url,), fix="fetch it by hand and give the folder with --data"))


def _verify(download: _Download, sha256: str | None) -> None:
    found = digest_file(download.part)
    if sha256 is None or found == sha256.lower():
        return
    download.drop()
    why = f"declared {sha256}, received {found}"
    fix = "try again; if the publisher replaced the file and you trust it, write the new checksum under source.sha256"
    raise EnvironmentFault(
        Fault("DATA-022", "the file is not the one that was declared: its checksum differs", (download.url,), why, fix)
    )
