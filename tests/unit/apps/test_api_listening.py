"""Where a server may listen, by which names it is asked, and what it writes of that."""

import json
import os
import stat
from pathlib import Path

import pytest

from steward.apps.api.listening import names_of, request_log, ring_for
from steward.apps.api.request_log import LineFile
from steward.core.errors import Refused, UsageError
from steward.serving.keys import issue
from steward.testing import FrozenClock, MemoryKeyStore

CLOCK = FrozenClock()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_without_a_key_that_opens_nobody_listens_beyond_this_machine(host: str) -> None:
    with pytest.raises(Refused, match=r"(?s)SERVE-002.*steward keys create"):
        ring_for(host, MemoryKeyStore(), CLOCK)
    ended = issue("x", "admin", by="me", now=CLOCK.now()).key
    store = MemoryKeyStore(ended)
    store.revoke(ended.prefix, CLOCK.now(), "gone", actor="me")
    with pytest.raises(Refused, match="SERVE-002"):
        ring_for(host, store, CLOCK)


def test_with_a_key_it_may_and_needs_it() -> None:
    made = issue("x", "viewer", by="me", now=CLOCK.now())
    ring = ring_for("0.0.0.0", MemoryKeyStore(made.key), CLOCK)
    assert ring.caller(None) is None
    assert ring.caller(made.secret) is not None


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_on_this_machine_no_key_is_needed_until_there_is_one(host: str) -> None:
    assert ring_for(host, MemoryKeyStore(), CLOCK).caller(None) is not None


def test_a_server_answers_to_its_address_and_the_names_it_is_given() -> None:
    here = {"127.0.0.1", "::1", "localhost"}
    assert names_of("127.0.0.1", ()) == here
    assert names_of("0.0.0.0", ["Models.Example.org"]) == here | {"models.example.org"}
    assert names_of("192.168.1.5", ()) == here | {"192.168.1.5"}
    assert names_of("0.0.0.0", ["a", "*"]) is None


@pytest.mark.parametrize("name", ["", "http://a", "a b", "a/b", "*.example.org"])
def test_what_cannot_be_a_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="SERVE-064"):
        names_of("0.0.0.0", [name])


def test_lines_go_to_a_file_only_the_owner_reads_and_the_one_before_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "requests.jsonl"
    tell = LineFile(path, max_bytes=100)
    for number in range(20):
        tell({"event": "request.answered", "number": number, "text": "a\nb"})
    tell.close()
    tell({"number": 20})
    tell.close()
    kept = [json.loads(line) for file in (path.with_name("requests.jsonl.1"), path) for line in file.read_text().splitlines()]
    assert [line["number"] for line in kept] == list(range(21))[-len(kept) :]
    assert len(kept) >= 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    assert sorted(file.name for file in path.parent.iterdir()) == ["requests.jsonl", "requests.jsonl.1"]
    assert max(file.stat().st_size for file in path.parent.iterdir()) < 200


def test_a_line_that_cannot_be_written_is_counted_and_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("no folder")
    tell = LineFile(tmp_path / "logs" / "requests.jsonl")
    tell({"number": 1})
    assert tell.lost == 1


def test_a_line_a_request_goes_where_it_is_asked_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    request_log("-", tmp_path, "taxi-8000")({"a": 1})
    assert capsys.readouterr().err == '{"a":1}\n'
    for to, path in ((None, tmp_path / "requests-taxi-8000.jsonl"), (str(tmp_path / "own"), tmp_path / "own")):
        tell = request_log(to, tmp_path, "taxi-8000")
        assert isinstance(tell, LineFile)
        tell({"a": 1})
        tell.close()
        assert path.read_text() == '{"a":1}\n'


def test_what_is_no_plain_file_is_never_put_aside(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR)
    tell = LineFile(pipe, max_bytes=10)
    try:
        for number in range(3):
            tell({"event": "request.answered", "number": number})
        lines = os.read(reader, 1000).splitlines()
    finally:
        tell.close()
        os.close(reader)
    assert [json.loads(line)["number"] for line in lines] == [0, 1, 2]
    assert [file.name for file in tmp_path.iterdir()] == ["pipe"]
    assert pipe.is_fifo()
