"""What has arrived of a file, and how does an answer of its server add to that?"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from steward.core.errors import EnvironmentFault, Fault
from steward.core.progress import Progress
from steward.data.arriving import enough_room, sync
from steward.data.destination import shown
from steward.data.unavailable import NotPublished

if TYPE_CHECKING:
    import httpx

_ABSENT = frozenset({403, 404, 410})  # object stores answer 403 for a file that was never there
_BUSY = frozenset({408, 425, 429})
_OK, _PARTIAL, _UNCHANGED, _UNSATISFIABLE, _SERVER = 200, 206, 304, 416, 500
_PACKED = (".gz", ".zst", ".zip")
BY_HAND = "fetch it by hand and give its folder with --data"


class Interrupted(Exception):  # noqa: N818 - a step of the retry loop, never seen outside
    """The server failed or the connection broke; another try may get the rest, after `wait_s` where the server says so."""

    def __init__(self, why: str, wait_s: float | None = None) -> None:
        super().__init__(why)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Download:
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
    def part_tag(self) -> Path:
        """The entity tag of the file that `part` is a part of."""
        return self.path.with_name(f"{self.path.name}.part.tag")

    @property
    def tag(self) -> Path:
        """The entity tag of the whole file, as the server gave it."""
        return self.path.with_name(f".{self.path.name}.tag")

    def drop(self) -> None:
        """Forget what has arrived."""
        self.part.unlink(missing_ok=True)
        self.part_tag.unlink(missing_ok=True)

    def finish(self) -> None:
        """Give the file its name."""
        sync(self.part)
        self.tag.unlink(missing_ok=True)
        self.part.replace(self.path)
        if self.part_tag.is_file():
            self.part_tag.replace(self.tag)


def request_headers(download: Download) -> dict[str, str]:
    """Ask only for what is not here: the rest of a part, and nothing where the whole file is still the same."""
    headers: dict[str, str] = {}
    if download.path.is_file() and download.tag.is_file():
        headers["If-None-Match"] = download.tag.read_text(encoding="utf-8")
    if download.part.is_file() and download.part_tag.is_file() and download.part.stat().st_size:
        headers["Range"] = f"bytes={download.part.stat().st_size}-"
        headers["If-Range"] = download.part_tag.read_text(encoding="utf-8")
    return headers


def receive(download: Download, response: "httpx.Response") -> bool:
    """Add an answer to what is here; False where the whole file is here and still the same.

    Raises:
        Interrupted: another try may get the rest.
        NotPublished: DATA-021 the server does not have it.
        EnvironmentFault: DATA-021 another answer or too large, DATA-090 no room.
    """
    status = response.status_code
    if status == _UNCHANGED and download.path.is_file():
        download.drop()
        return False
    _refuse_status(download, response)
    _refuse_page(download, response)
    _write(download, response, _beginning(download, status, response.headers))
    return True


def _refuse_status(download: Download, response: "httpx.Response") -> None:
    status = response.status_code
    if status in _ABSENT:
        what = f"the server does not have the file (status {status})"
        raise NotPublished(Fault("DATA-021", what, (shown(download.url),), fix=BY_HAND))
    if status == _UNSATISFIABLE:
        download.drop()
        raise Interrupted("the server no longer has the part that was asked for")
    if status >= _SERVER or status in _BUSY:
        raise Interrupted(f"the server answered with status {status}", _asked_to_wait(response.headers.get("retry-after", "")))
    if status not in (_OK, _PARTIAL):
        raise EnvironmentFault(Fault("DATA-021", f"the server answered with status {status}", (shown(download.url),), fix=BY_HAND))


def _refuse_page(download: Download, response: "httpx.Response") -> None:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind == "text/html" and not download.path.name.casefold().endswith((".html", ".htm")):
        why = "a log-in page or a page about the file stands at this address"
        raise NotPublished(
            Fault("DATA-021", "the server answered with a web page, not the file", (shown(download.url),), why, BY_HAND)
        )


def _asked_to_wait(text: str) -> float | None:
    """Return the seconds a Retry-After header asks for: a number, or a date."""
    if text.isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return max(0.0, (until.astimezone(UTC) - datetime.fromtimestamp(time.time(), UTC)).total_seconds())


def _beginning(download: Download, status: int, headers: Mapping[str, str]) -> int:
    """Return at which byte the answer begins, and remember which file it is."""
    held = download.part.stat().st_size if download.part.is_file() else 0
    if status == _PARTIAL and headers.get("content-range", "").startswith(f"bytes {held}-"):
        return held
    download.drop()
    if status == _PARTIAL:
        raise Interrupted("the server sent another part than was asked for")
    tag = headers.get("etag", "")
    if tag and not tag.startswith("W/") and not _is_packed_on_the_way(download, headers):
        download.part_tag.write_text(tag, encoding="utf-8")  # a weak tag does not promise equal bytes
    return 0


def _write(download: Download, response: "httpx.Response", start: int) -> None:
    packed = _is_packed_on_the_way(download, response.headers)
    total = None if packed else _total(response.headers, start)
    done = start
    _refuse_size(download, total or 0)
    with enough_room(download.path, total - start if total else None), download.part.open("ab" if start else "wb") as file:
        for block in _blocks(response, packed=packed):
            file.write(block)
            done += len(block)
            _refuse_size(download, done)
            download.progress.advanced(f"fetch {download.path.name}", done, total)
    if total is not None and done != total:
        raise Interrupted(f"the connection closed after {done:,} of {total:,} bytes")


def _blocks(response: "httpx.Response", *, packed: bool) -> Iterator[bytes]:
    # Raw blocks are kept as they arrive: whatever came before a break need not come again.
    return response.iter_bytes() if packed else response.iter_raw()


def _is_packed_on_the_way(download: Download, headers: Mapping[str, str]) -> bool:
    """Say whether a server compressed the file although asked not to; a file that is an archive itself is left as it is."""
    coding = headers.get("content-encoding", "identity").strip().casefold()
    return coding not in ("", "identity") and not download.path.name.casefold().endswith(_PACKED)


def _total(headers: Mapping[str, str], start: int) -> int | None:
    whole = headers.get("content-range", "").rpartition("/")[2]
    if start and whole.isdigit():
        return int(whole)
    length = headers.get("content-length", "")
    return start + int(length) if length.isdigit() else None


def _refuse_size(download: Download, size: int) -> None:
    if size > download.max_bytes:
        download.drop()
        what = f"the file is larger than {download.max_bytes:,} bytes"
        raise EnvironmentFault(Fault("DATA-021", what, (shown(download.url),), fix=BY_HAND))
