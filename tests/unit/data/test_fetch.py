import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from steward.core.errors import EnvironmentFault, UsageError
from steward.core.progress import Silent
from steward.data.fetch import NotPublished, Unreachable, cached_path, fetch

CONTENT = bytes(range(256)) * 20_000  # 5.12 MB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Publisher:
    """A server on this machine; `script` holds the next answers' misbehaviour, then all is well."""

    url: str = ""
    script: list[str] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)
    etag: str | None = '"one"'
    content: bytes = CONTENT


class Handler(BaseHTTPRequestHandler):
    publisher: Publisher

    def do_GET(self) -> None:
        told = self.publisher.script.pop(0) if self.publisher.script else "well"
        self.publisher.ranges.append(self.headers["Range"])
        if told.isdigit():
            self.send_error(int(told))
            return
        if told == "away":
            self.send_response(302)
            self.send_header("Location", "/moved/month.parquet")
            self.end_headers()
            return
        content, start = self.publisher.content, 0
        if self.headers["Range"] and self.headers["If-Range"] == self.publisher.etag:
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if self.publisher.etag:
            self.send_header("ETag", self.publisher.etag)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : start + 2_000_000] if told == "cut" else content[start:])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    told = Publisher()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Told", (Handler,), {"publisher": told}))
    told.url = f"http://127.0.0.1:{server.server_port}/trips/month.parquet"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


def get(publisher: Publisher, into: Path, sha256: str | None = SHA256, **more: int) -> Path:
    return fetch(publisher.url, into, sha256=sha256, progress=Silent(), pause_s=0, **more)


def leftovers(into: Path) -> list[str]:
    return sorted(path.name for path in into.rglob("*") if path.is_file())


def test_a_file_is_fetched_once_and_then_taken_from_the_cache(publisher: Publisher, tmp_path: Path) -> None:
    first, second = get(publisher, tmp_path), get(publisher, tmp_path)
    assert first == second == cached_path(publisher.url, tmp_path)
    assert first.read_bytes() == CONTENT
    assert leftovers(tmp_path) == ["month.parquet"]
    assert publisher.ranges == [None]


def test_a_damaged_file_in_the_cache_is_fetched_again(publisher: Publisher, tmp_path: Path) -> None:
    get(publisher, tmp_path).write_bytes(b"damaged")
    assert get(publisher, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("fault", ["500", "503", "away"])
def test_a_passing_fault_or_a_redirect_is_got_over(publisher: Publisher, tmp_path: Path, fault: str) -> None:
    publisher.script = [fault]
    assert get(publisher, tmp_path).read_bytes() == CONTENT


def test_a_broken_connection_is_resumed_where_it_broke(publisher: Publisher, tmp_path: Path) -> None:
    publisher.script = ["cut", "cut"]
    assert get(publisher, tmp_path).read_bytes() == CONTENT
    assert publisher.ranges == [None, "bytes=2000000-", "bytes=4000000-"]


def test_a_later_call_resumes_what_an_earlier_one_left(publisher: Publisher, tmp_path: Path) -> None:
    publisher.script = ["cut", "500", "500"]
    with pytest.raises(EnvironmentFault) as caught:
        get(publisher, tmp_path)
    assert caught.value.faults[0].code == "DATA-021"
    assert "after 3 tries" in str(caught.value)
    assert leftovers(tmp_path) == ["month.parquet.part", "month.parquet.part.tag"]
    assert get(publisher, tmp_path).read_bytes() == CONTENT
    assert publisher.ranges[-1] == "bytes=2000000-"


def test_parts_of_two_different_files_are_never_joined(publisher: Publisher, tmp_path: Path) -> None:
    publisher.script = ["cut", "500", "500"]
    with pytest.raises(EnvironmentFault):
        get(publisher, tmp_path)
    publisher.etag, publisher.content = '"two"', CONTENT[::-1]
    assert get(publisher, tmp_path, sha256=None).read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_a_strong_tag_a_broken_download_starts_over(publisher: Publisher, tmp_path: Path, etag: str | None) -> None:
    publisher.script, publisher.etag = ["cut"], etag
    assert get(publisher, tmp_path).read_bytes() == CONTENT
    assert publisher.ranges == [None, None]


def test_a_part_the_server_no_longer_has_is_dropped(publisher: Publisher, tmp_path: Path) -> None:
    publisher.script = ["cut", "416"]
    assert get(publisher, tmp_path).read_bytes() == CONTENT
    assert publisher.ranges[-1] is None


def test_another_content_than_declared_is_refused_and_not_kept(publisher: Publisher, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match=SHA256) as caught:
        get(publisher, tmp_path, sha256="0" * 64)
    assert caught.value.faults[0].code == "DATA-022"
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("status", ["403", "404", "410"])
def test_a_file_that_is_not_published_is_asked_for_once(publisher: Publisher, tmp_path: Path, status: str) -> None:
    publisher.script = [status]
    with pytest.raises(NotPublished):
        get(publisher, tmp_path)
    assert len(publisher.ranges) == 1


def test_too_large_a_file_is_refused_before_it_arrives(publisher: Publisher, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="larger than 1,000 bytes"):
        get(publisher, tmp_path, max_bytes=1000)
    assert leftovers(tmp_path) == []


def test_a_file_without_a_declared_length_is_cut_off_at_the_limit(tmp_path: Path) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 1000

    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=endless()))
    with pytest.raises(EnvironmentFault, match="larger than"):
        fetch("https://example.org/x.csv", tmp_path, sha256=None, progress=Silent(), transport=transport, max_bytes=10_000)


def test_nobody_answering_is_told_apart_and_not_tried_again(tmp_path: Path) -> None:
    tries = []

    def nobody(request: httpx.Request) -> httpx.Response:
        tries.append(request)
        raise httpx.ConnectTimeout("timed out", request=request)

    with pytest.raises(Unreachable, match="no server answered"):
        fetch("https://example.org/x.csv", tmp_path, sha256=None, progress=Silent(), transport=httpx.MockTransport(nobody))
    assert len(tries) == 1


def test_offline_only_the_cache_is_looked_into(publisher: Publisher, tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        fetch(publisher.url, tmp_path, sha256=None, progress=Silent(), offline=True)
    path = get(publisher, tmp_path)
    assert fetch(publisher.url, tmp_path, sha256=SHA256, progress=Silent(), offline=True) == path


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a/b.csv", "https://a/", "https://a/%2e%2e", "https://a/x%2Fy", "month.csv"]
)
def test_only_web_addresses_of_files_are_fetched(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError) as caught:
        fetch(url, tmp_path, sha256=None, progress=Silent())
    assert caught.value.faults[0].code == "DATA-025"


def test_equal_names_of_two_publishers_do_not_meet(tmp_path: Path) -> None:
    assert cached_path("https://a.org/x.csv", tmp_path) != cached_path("https://b.org/x.csv", tmp_path)
