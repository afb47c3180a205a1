import hashlib
import resource
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from steward.core.errors import EnvironmentFault, UsageError
from steward.core.progress import Silent
from steward.data.destination import refuse_odd_target, shown
from steward.data.fetch import Limits, NotPublished, Unreachable, cached_path, fetch, verify

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
    moved_to: str = "/moved/month.parquet"
    retry_after: str | None = None
    kind: str = "application/octet-stream"
    over: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    publisher: Publisher

    def do_GET(self) -> None:
        told = self.publisher.script.pop(0) if self.publisher.script else "well"
        self.publisher.ranges.append(self.headers["Range"])
        if told.isdigit():
            self._answer(int(told), {"Retry-After": self.publisher.retry_after, "Content-Length": "0"})
        elif told == "away":
            self._answer(302, {"Location": self.publisher.moved_to, "Content-Length": "0"})
        elif self.publisher.etag and self.headers["If-None-Match"] == self.publisher.etag:
            self._answer(304, {})
        else:
            self._send(told)

    def _send(self, told: str) -> None:
        content, start = self.publisher.content, 0
        if self.headers["Range"] and self.headers["If-Range"] == self.publisher.etag:
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        if told == "packed":
            content = zlib.compress(content, wbits=31)
        length = len(content) - start + (1000 if told == "lie" else 0)
        some = f"bytes {start}-{len(content) - 1}/{len(content)}" if start else None
        coding = "gzip" if told == "packed" else None
        headers = {"ETag": self.publisher.etag, "Content-Type": self.publisher.kind, "Content-Length": str(length)}
        self._answer(206 if start else 200, {**headers, "Content-Range": some, "Content-Encoding": coding})
        with suppress(ConnectionError):  # the other side may have seen enough
            self.wfile.write(content[start : start + 2_000_000] if told in ("cut", "stall") else content[start:])
        if told == "stall":
            self.publisher.over.wait(30)

    def _answer(self, status: int, headers: dict[str, str | None]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()

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
    told.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


def get(publisher: Publisher, into: Path, sha256: str | None = SHA256, *, refresh: bool = False, **limits: Any) -> Path:
    patient = Limits(**{"pause_s": 0, **limits})
    return fetch(publisher.url, into, sha256=sha256, progress=Silent(), refresh=refresh, limits=patient)


def leftovers(into: Path) -> list[str]:
    """Files that anybody would take for data."""
    return sorted(path.name for path in into.rglob("*") if path.is_file() and not path.name.startswith("."))


def test_a_file_is_fetched_once_and_then_taken_from_the_cache(publisher: Publisher, tmp_path: Path) -> None:
    first, second = get(publisher, tmp_path), get(publisher, tmp_path)
    assert first == second == cached_path(publisher.url, tmp_path)
    assert first.read_bytes() == CONTENT
    assert leftovers(tmp_path) == ["month.parquet"]
    assert publisher.ranges == [None]


def test_a_damaged_file_in_the_cache_is_fetched_again(publisher: Publisher, tmp_path: Path) -> None:
    get(publisher, tmp_path).write_bytes(b"damaged")
    assert get(publisher, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("fault", ["500", "503", "429", "408", "away"])
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
        fetch(
            "https://example.org/x.csv",
            tmp_path,
            sha256=None,
            progress=Silent(),
            transport=transport,
            limits=Limits(max_bytes=10_000),
        )


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
    "url",
    [
        "file:///etc/passwd",
        "ftp://a/b.csv",
        "https://a/",
        "https://a/%2e%2e",
        "https://a/x%2Fy",
        "month.csv",
        "https://[::1/x.csv",
        "https://a:b/x.csv",
    ],
)
def test_only_web_addresses_of_files_are_fetched(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError) as caught:
        fetch(url, tmp_path, sha256=None, progress=Silent())
    assert caught.value.faults[0].code == "DATA-025"


def test_equal_names_of_two_publishers_do_not_meet(tmp_path: Path) -> None:
    assert cached_path("https://a.org/x.csv", tmp_path) != cached_path("https://b.org/x.csv", tmp_path)


def test_a_file_that_is_verified_is_named_when_it_is_another_one(tmp_path: Path) -> None:
    path = tmp_path / "month.csv"
    path.write_bytes(CONTENT)
    verify(path, SHA256.upper())
    verify(path, None)
    with pytest.raises(EnvironmentFault, match="its checksum differs") as caught:
        verify(path, "0" * 64)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("told", ["lie", "cut"])
def test_a_body_shorter_than_promised_never_gets_the_name(publisher: Publisher, tmp_path: Path, told: str) -> None:
    publisher.script, publisher.etag = [told, told, told], None
    with pytest.raises(EnvironmentFault, match="after 3 tries"):
        get(publisher, tmp_path, sha256=None)
    assert "month.parquet" not in leftovers(tmp_path)


def test_a_server_that_falls_silent_is_left_and_the_rest_asked_for(publisher: Publisher, tmp_path: Path) -> None:
    publisher.script = ["stall"]
    assert get(publisher, tmp_path, silence_s=0.3).read_bytes() == CONTENT
    assert publisher.ranges == [None, "bytes=2000000-"]


def test_a_file_that_changes_between_two_tries_is_the_new_one_as_a_whole(publisher: Publisher, tmp_path: Path) -> None:
    class Changes(Silent):
        def advanced(self, *_: object) -> None:
            publisher.etag, publisher.content = '"two"', other

    other = CONTENT[::-1]
    publisher.script = ["cut"]
    path = fetch(publisher.url, tmp_path, sha256=None, progress=Changes(), limits=Limits(pause_s=0))
    assert path.read_bytes() == other


def test_who_is_told_to_come_back_much_later_does_not_wait(publisher: Publisher, tmp_path: Path) -> None:
    publisher.script, publisher.retry_after = ["429"], "3600"
    with pytest.raises(EnvironmentFault, match="status 429; it asks to wait 3,600 s"):
        get(publisher, tmp_path)
    assert len(publisher.ranges) == 1


AN_HOUR_AGO = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)


@pytest.mark.parametrize("when", ["0", AN_HOUR_AGO, "soon"], ids=["seconds", "date", "words"])
def test_who_is_told_to_come_back_at_once_does(publisher: Publisher, tmp_path: Path, when: str) -> None:
    publisher.script, publisher.retry_after = ["503", "429"], when
    assert get(publisher, tmp_path).read_bytes() == CONTENT
    assert len(publisher.ranges) == 3


def test_a_status_nobody_expects_is_named(publisher: Publisher, tmp_path: Path) -> None:
    publisher.script = ["401"]
    with pytest.raises(EnvironmentFault, match="status 401") as caught:
        get(publisher, tmp_path)
    assert not isinstance(caught.value, NotPublished | Unreachable)


def test_progress_knows_how_much_there_is_also_after_a_break(publisher: Publisher, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []

    class Watching(Silent):
        def advanced(self, _step: str, done: int, total: int | None) -> None:
            seen.append((done, total))

    publisher.script = ["cut"]
    fetch(publisher.url, tmp_path, sha256=SHA256, progress=Watching(), limits=Limits(pause_s=0))
    assert {total for _, total in seen} == {len(CONTENT)}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == len(CONTENT)


def test_a_republished_file_is_seen_when_asked_for_and_the_same_is_not_sent_again(publisher: Publisher, tmp_path: Path) -> None:
    path = get(publisher, tmp_path, sha256=None)
    assert get(publisher, tmp_path, sha256=None).read_bytes() == CONTENT
    assert len(publisher.ranges) == 1
    publisher.content = b"never sent, for the tag is the same"
    assert get(publisher, tmp_path, sha256=None, refresh=True).read_bytes() == CONTENT
    publisher.etag, publisher.content = '"two"', CONTENT[::-1]
    assert get(publisher, tmp_path, sha256=None).read_bytes() == CONTENT
    assert get(publisher, tmp_path, sha256=None, refresh=True).read_bytes() == CONTENT[::-1]
    assert leftovers(tmp_path) == [path.name]


def test_where_the_publisher_cannot_be_asked_the_copy_is_used_and_that_is_said(publisher: Publisher, tmp_path: Path) -> None:
    warned: list[str] = []

    class Listening(Silent):
        def warned(self, text: str) -> None:
            warned.append(text)

    path = get(publisher, tmp_path, sha256=None)
    publisher.script = ["500", "500", "500"]
    again = fetch(publisher.url, tmp_path, sha256=None, progress=Listening(), refresh=True, limits=Limits(pause_s=0))
    assert again == path
    assert path.read_bytes() == CONTENT
    assert "the copy in the cache is used" in warned[0]


def test_a_log_in_page_is_not_taken_for_the_file(publisher: Publisher, tmp_path: Path) -> None:
    publisher.kind = "text/html; charset=utf-8"
    with pytest.raises(NotPublished, match="a web page, not the file"):
        get(publisher, tmp_path, sha256=None)
    assert leftovers(tmp_path) == []


def test_what_a_server_packs_on_the_way_unasked_arrives_unpacked(publisher: Publisher, tmp_path: Path) -> None:
    publisher.script = ["packed"]
    assert get(publisher, tmp_path).read_bytes() == CONTENT


@contextmanager
def a_disk_of(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_named_with_path_and_bytes_and_later_the_rest_is_fetched(publisher: Publisher, tmp_path: Path) -> None:
    with a_disk_of(3_000_000), pytest.raises(EnvironmentFault, match="5,120,000 bytes are needed") as caught:
        get(publisher, tmp_path)
    assert caught.value.faults[0].code == "DATA-090"
    assert str(cached_path(publisher.url, tmp_path)) in str(caught.value)
    assert "month.parquet" not in leftovers(tmp_path)
    assert get(publisher, tmp_path).read_bytes() == CONTENT
    assert publisher.ranges[-1] is not None


def test_what_will_not_fit_is_not_begun(tmp_path: Path) -> None:
    huge = httpx.MockTransport(lambda _: httpx.Response(200, headers={"Content-Length": str(1 << 60)}, content=iter([b"x"])))
    with pytest.raises(EnvironmentFault, match="bytes are needed") as caught:
        fetch(
            "https://example.org/x.csv",
            tmp_path,
            sha256=None,
            progress=Silent(),
            transport=huge,
            limits=Limits(max_bytes=1 << 61),
        )
    assert caught.value.faults[0].code == "DATA-090"
    assert leftovers(tmp_path) == []


def test_who_want_the_same_file_at_the_same_time_get_it_whole_and_once(publisher: Publisher, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:  # the kernel's lock keeps threads apart as it does processes
        found = list(pool.map(lambda _: get(publisher, tmp_path, sha256=None).read_bytes(), range(4)))
    assert found == [CONTENT] * 4
    assert publisher.ranges == [None]


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ("file:///etc/passwd", "no web address"),
        ("gopher://127.0.0.1/x", "no web address"),
        ("http://169.254.169.254/latest/meta-data", "not followed"),
        ("http://[fe80::1]/x", "not followed"),
    ],
)
def test_a_server_cannot_send_us_to_files_or_to_a_clouds_secrets(
    publisher: Publisher, tmp_path: Path, target: str, what: str
) -> None:
    publisher.script, publisher.moved_to = ["away"], target
    with pytest.raises(Unreachable, match=what):
        get(publisher, tmp_path, sha256=None)
    assert leftovers(tmp_path) == []


def test_a_circle_of_redirects_ends(publisher: Publisher, tmp_path: Path) -> None:
    publisher.script = ["away"] * 30
    with pytest.raises(Unreachable, match="redirects"):
        get(publisher, tmp_path)


OUTSIDE = "https://93.184.215.14/a.csv"


@pytest.mark.parametrize(
    "inside",
    [
        "https://127.0.0.1/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://localhost./x",
        "https://10.1.2.3/x",
        "https://192.168.0.1/x",
        "https://0.0.0.0/x",
        "http://93.184.215.14/b.csv",
    ],
)
def test_an_answer_from_outside_does_not_lead_inside_or_into_the_open(inside: str) -> None:
    with pytest.raises(Unreachable, match="not followed") as caught:
        refuse_odd_target(inside, OUTSIDE)
    assert caught.value.faults[0].code == "DATA-092"


@pytest.mark.parametrize(
    ("url", "first"),
    [
        (OUTSIDE, OUTSIDE),
        ("https://1.1.1.1/b.csv", OUTSIDE),
        ("http://127.0.0.1/b.csv", "http://127.0.0.1/a.csv"),
        ("http://10.0.0.1/b.csv", "http://127.0.0.1/a.csv"),
    ],
)
def test_other_redirects_are_followed(url: str, first: str) -> None:
    refuse_odd_target(url, first)
    assert shown(url) == url


def test_neither_passwords_nor_signatures_are_shown(publisher: Publisher, tmp_path: Path) -> None:
    publisher.script = ["404"]
    publisher.url = publisher.url.replace("//", "//me:geheim@") + "?sig=verysecret"
    with pytest.raises(NotPublished) as caught:
        get(publisher, tmp_path)
    assert "geheim" not in str(caught.value)
    assert "verysecret" not in str(caught.value)
    assert "month.parquet?..." in str(caught.value)
