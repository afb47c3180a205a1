"""Files of Kaggle data sets, by Kaggle's own client, from a server of this machine that speaks as much of Kaggle as it needs."""

import base64
import hashlib
import io
import json
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from steward.core.errors import EnvironmentFault, UsageError
from steward.core.progress import Silent
from steward.data.fetch import Limits
from steward.data.kaggle import fetch_kaggle
from steward.data.unavailable import NotPublished, Unreachable

HEART = "kaggle://fedesoriano/heart-failure-prediction/heart.csv"
CONTENT = b"age,target\n63,1\n" * 50_000  # 800 kB
SHA256 = hashlib.sha256(CONTENT).hexdigest()
TOKEN, SIGNATURE = "KGAT_geheim", "signed-by-google"


@dataclass
class Kaggle:
    """What the server answers, and what it was asked."""

    address: str = ""
    content: bytes = CONTENT
    status: int = 200
    zipped: bool = False
    silent: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    who: set[str | None] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    """Kaggle's client is sent here as to a proxy: paths are whole addresses, its own API's and the storage's."""

    kaggle: Kaggle

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.kaggle.asked.append(asked)
        self.kaggle.who.add(self.headers["Authorization"])
        if self.kaggle.silent:
            self.kaggle.over.wait(30)
        if self.kaggle.status != 200:
            self._send(json.dumps({"code": self.kaggle.status, "message": "no"}).encode(), "application/json", self.kaggle.status)
        elif self.path.endswith("/GetDataset"):
            self._send(json.dumps({"currentVersionNumber": 3}).encode(), "application/json")
        else:
            self.send_response(302)
            name = asked["fileName"] + (".zip" if self.kaggle.zipped else "")
            self.send_header("Location", f"http://storage.example/{name}?X-Goog-Signature={SIGNATURE}")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def do_GET(self) -> None:
        content = self.kaggle.content
        if self.kaggle.zipped:
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(Path(urlsplit(self.path).path).stem, content)
            content = packed.getvalue()
        self._send(content, "text/csv")

    def _send(self, content: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("X-Goog-Hash", "md5=" + base64.b64encode(hashlib.md5(content).digest()).decode())
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def kaggle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Kaggle]:
    told = Kaggle()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Told", (Handler,), {"kaggle": told}))
    told.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    (tmp_path / "home").mkdir()
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    # Its API has no address to set but "this machine's port 80", which a proxy can stand for.
    for name, value in {"KAGGLE_API_ENVIRONMENT": "LOCALHOST", "http_proxy": told.address, "HTTP_PROXY": told.address}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    yield told
    told.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


def get(into: Path, address: str = HEART, sha256: str | None = SHA256, **more: Any) -> Path:
    return fetch_kaggle(address, into, sha256=sha256, **{"progress": Silent(), **more})


def leftovers(into: Path) -> list[str]:
    return [path.name for path in into.rglob("*") if path.is_file() and not path.name.endswith(".lock")]


def hides_secrets(error: BaseException) -> bool:
    return not any(secret in str(error) for secret in (TOKEN, "geheim", SIGNATURE))


@pytest.mark.parametrize("zipped", [False, True])
def test_a_file_is_fetched_once_and_then_taken_from_the_cache(
    kaggle: Kaggle, tmp_path: Path, capfd: pytest.CaptureFixture[str], *, zipped: bool
) -> None:
    kaggle.zipped = zipped
    first = get(tmp_path / "cache")
    assert first.read_bytes() == CONTENT
    assert first.name == "heart.csv"
    asked = len(kaggle.asked)
    assert get(tmp_path / "cache") == get(tmp_path / "cache", offline=True) == first
    assert len(kaggle.asked) == asked
    assert leftovers(tmp_path / "cache") == ["heart.csv"]
    assert capfd.readouterr() == ("", "")


def test_owner_data_set_and_file_are_asked_for_with_the_token(kaggle: Kaggle, tmp_path: Path) -> None:
    get(tmp_path / "cache", "kaggle://owner/set/folder/of it/b.csv")
    last = kaggle.asked[-1]
    assert (last["ownerSlug"], last["datasetSlug"], last["fileName"]) == ("owner", "set", "folder/of it/b.csv")
    assert kaggle.who == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize("where", ["environment", "file"])
def test_user_and_key_are_found_where_kaggle_looks(
    kaggle: Kaggle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    if where == "environment":
        monkeypatch.setenv("KAGGLE_USERNAME", "me")
        monkeypatch.setenv("KAGGLE_KEY", "geheim")
    else:
        (tmp_path / "home/.kaggle").mkdir()
        (tmp_path / "home/.kaggle/kaggle.json").write_text('{"username": "me", "key": "geheim"}')
    assert get(tmp_path / "cache").read_bytes() == CONTENT
    assert kaggle.who == {"Basic " + base64.b64encode(b"me:geheim").decode()}


@pytest.mark.parametrize("broken", [False, True])
def test_without_credentials_nothing_is_asked_and_the_fix_is_one_sentence(
    kaggle: Kaggle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, broken: bool
) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    if broken:
        (tmp_path / "home/.kaggle").mkdir()
        (tmp_path / "home/.kaggle/kaggle.json").write_text('{"username": "me", "key": "geheim"')
    with pytest.raises(NotPublished, match="no credentials for Kaggle") as caught:
        get(tmp_path / "cache")
    assert caught.value.faults[0].code == "DATA-093"
    assert "export KAGGLE_API_TOKEN=..." in caught.value.faults[0].fix
    assert hides_secrets(caught.value)
    assert kaggle.asked == []
    assert leftovers(tmp_path / "cache") == []


def test_without_the_client_the_message_says_how_to_install_it(
    kaggle: Kaggle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(NotPublished, match="client is not installed") as caught:
        get(tmp_path / "cache")
    assert caught.value.faults[0].fix == "pip install 'steward[kaggle]'"
    assert kaggle.asked == []


@pytest.mark.parametrize(("status", "what"), [(401, "these credentials"), (403, "these credentials"), (404, "does not have")])
def test_what_kaggle_does_not_give_lets_the_next_source_be_tried(kaggle: Kaggle, tmp_path: Path, status: int, what: str) -> None:
    kaggle.status = status
    with pytest.raises(NotPublished, match=what) as caught:
        get(tmp_path / "cache")
    assert str(status) in str(caught.value)
    assert hides_secrets(caught.value)


def test_a_fault_of_kaggles_own_is_named(kaggle: Kaggle, tmp_path: Path) -> None:
    kaggle.status = 500
    with pytest.raises(EnvironmentFault, match="status 500") as caught:
        get(tmp_path / "cache")
    assert not isinstance(caught.value, NotPublished | Unreachable)
    assert hides_secrets(caught.value)


def test_nobody_answering_is_told_apart(kaggle: Kaggle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with pytest.raises(Unreachable, match="Kaggle does not answer"):
        get(tmp_path / "cache")
    assert kaggle.asked == []


def test_a_server_that_says_nothing_is_left(kaggle: Kaggle, tmp_path: Path) -> None:
    kaggle.silent = True
    with pytest.raises(Unreachable, match="nothing arrived for 3 s"):
        get(tmp_path / "cache", limits=Limits(silence_s=3))
    assert leftovers(tmp_path / "cache") == []


def test_another_content_than_declared_is_refused_and_not_kept(kaggle: Kaggle, tmp_path: Path) -> None:
    kaggle.content = b"other"
    with pytest.raises(EnvironmentFault, match=SHA256) as caught:
        get(tmp_path / "cache")
    assert caught.value.faults[0].code == "DATA-022"
    assert leftovers(tmp_path / "cache") == []


def test_offline_only_the_cache_is_looked_into(kaggle: Kaggle, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="not in the cache"):
        get(tmp_path / "cache", offline=True)
    assert kaggle.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "kaggle://owner/set",
        "kaggle://owner/set/",
        "kaggle://owner//x.csv",
        "kaggle://owner/set/../x.csv",
        "https://www.kaggle.com/owner/set/x.csv",
    ],
)
def test_only_addresses_of_files_on_kaggle_are_fetched(tmp_path: Path, address: str) -> None:
    with pytest.raises(UsageError) as caught:
        get(tmp_path, address)
    assert caught.value.faults[0].code == "DATA-025"
