"""Files to and from buckets, on a real server of this machine that speaks S3."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.servers import free_port

from steward.core.errors import EnvironmentFault, UsageError
from steward.core.progress import Silent
from steward.data.fetch import Limits
from steward.data.s3 import S3Access, fetch_s3, list_s3, put_s3, read_access
from steward.data.unavailable import NotPublished, Unreachable

CONTENT = bytes(range(256)) * 12_000  # 3 MB
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MONTH = "s3://trips/green/2020-10.parquet"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "geheim", "AWS_REGION": "us-east-1"}


@contextmanager
def moto(**environ: str) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, env={**os.environ, **environ}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _wait(server, f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()


def _wait(server: "subprocess.Popen[bytes]", url: str) -> None:
    for _ in range(600):
        try:
            httpx.get(f"{url}/moto-api/")
        except httpx.TransportError:
            assert server.poll() is None
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with moto() as url:
        yield url


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> S3Access:
    """An empty bucket called `trips`, and credentials for it in the environment."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {**KEYS, "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": server}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    httpx.post(f"{server}/moto-api/reset")
    httpx.put(f"{server}/trips")
    return S3Access(server)


def put(content: bytes, tmp_path: Path, address: str = MONTH) -> None:
    (tmp_path / "given").write_bytes(content)
    put_s3(tmp_path / "given", address)


def get(into: Path, sha256: str | None = None, **more: Any) -> Path:
    return fetch_s3(MONTH, into, sha256=sha256, **{"progress": Silent(), **more})


def leftovers(into: Path) -> list[str]:
    return [path.name for path in into.rglob("*") if path.is_file() and not path.name.startswith(".")]


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("content", [CONTENT, b"", b"x"])
def test_a_file_comes_back_as_it_was_put(tmp_path: Path, content: bytes) -> None:
    put(content, tmp_path)
    path = get(tmp_path / "cache", hashlib.sha256(content).hexdigest())
    assert path.read_bytes() == content
    assert path.name == "2020-10.parquet"
    assert leftovers(tmp_path / "cache") == ["2020-10.parquet"]


@pytest.mark.usefixtures("bucket")
def test_the_same_object_is_not_sent_twice_and_a_changed_one_is(tmp_path: Path) -> None:
    started: list[str] = []

    class Watching(Silent):
        def started(self, step: str) -> None:
            started.append(step)

    for content, times in ((CONTENT, 1), (CONTENT, 1), (CONTENT[::-1], 2)):
        put(content, tmp_path)
        assert get(tmp_path / "cache", progress=Watching()).read_bytes() == content
        assert started == ["fetch 2020-10.parquet"] * times


@pytest.mark.usefixtures("bucket")
def test_another_content_than_declared_is_refused_and_not_kept(tmp_path: Path) -> None:
    put(CONTENT, tmp_path)
    with pytest.raises(EnvironmentFault, match=SHA256) as caught:
        get(tmp_path / "cache", "0" * 64)
    assert caught.value.faults[0].code == "DATA-022"
    assert leftovers(tmp_path / "cache") == []


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("address", ["s3://trips/green/2020-11.parquet", "s3://nobodys/2020-10.parquet"])
def test_what_is_not_there_is_not_published(tmp_path: Path, address: str) -> None:
    with pytest.raises(NotPublished, match="does not have the file"):
        fetch_s3(address, tmp_path, sha256=None, progress=Silent())
    assert leftovers(tmp_path) == []


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_is_not_there_takes_nothing(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault):
        put(CONTENT, tmp_path, "s3://nobodys/x.csv")


@pytest.mark.usefixtures("bucket")
def test_objects_below_a_prefix_are_listed(tmp_path: Path) -> None:
    for name in ("green/b.csv", "green/a/c.csv", "yellow/d.csv"):
        put(b"x", tmp_path, f"s3://trips/{name}")
    assert list_s3("s3://trips/green") == ["s3://trips/green/a/c.csv", "s3://trips/green/b.csv"]
    assert len(list_s3("s3://trips")) == 3
    assert list_s3("s3://trips/nowhere") == []


@pytest.mark.usefixtures("bucket")
def test_too_large_an_object_is_refused_before_it_arrives(tmp_path: Path) -> None:
    put(CONTENT, tmp_path)
    with pytest.raises(EnvironmentFault, match="larger than 1,000 bytes"):
        get(tmp_path / "cache", limits=Limits(max_bytes=1000))
    assert leftovers(tmp_path / "cache") == []


@pytest.mark.usefixtures("bucket")
def test_progress_ends_at_all_bytes(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []

    class Watching(Silent):
        def advanced(self, _step: str, done: int, total: int | None) -> None:
            seen.append((done, total))

    put(CONTENT, tmp_path)
    get(tmp_path / "cache", progress=Watching())
    assert seen[-1] == (len(CONTENT), len(CONTENT))


@pytest.mark.usefixtures("bucket")
def test_without_the_network_the_cache_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []

    class Listening(Silent):
        def warned(self, text: str) -> None:
            warned.append(text)

    with pytest.raises(Unreachable):
        get(tmp_path / "cache", offline=True)
    put(CONTENT, tmp_path)
    path = get(tmp_path / "cache")
    assert get(tmp_path / "cache", offline=True) == path
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    assert get(tmp_path / "cache", SHA256) == path
    assert warned == []
    assert get(tmp_path / "cache", progress=Listening()) == path
    assert "the copy in the cache is used" in warned[0]


def test_a_dead_endpoint_is_told_apart_and_no_key_is_shown(bucket: S3Access, tmp_path: Path) -> None:
    dead = S3Access(f"http://127.0.0.1:{free_port()}")
    for call in (
        lambda: fetch_s3(MONTH, tmp_path, sha256=None, progress=Silent(), access=dead),
        lambda: list_s3("s3://trips", access=dead),
    ):
        with pytest.raises(Unreachable, match="no server answered") as caught:
            call()
        assert not any(secret in str(caught.value) for secret in ("geheim", "AKIDEXAMPLE"))
    assert bucket.endpoint != dead.endpoint


def test_credentials_the_server_does_not_know_are_refused_and_not_shown(
    bucket: S3Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bucket.region == "us-east-1"
    with moto(INITIAL_NO_AUTH_ACTION_COUNT="1") as strict:  # after the bucket was made, every request is checked
        httpx.put(f"{strict}/trips")
        monkeypatch.setenv("AWS_ENDPOINT_URL", strict)
        with pytest.raises(NotPublished, match="not open to these credentials") as caught:
            get(tmp_path)
    assert "AWS_SECRET_ACCESS_KEY" in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert "AKIDEXAMPLE" not in str(caught.value)
    assert leftovers(tmp_path) == []


def test_a_public_bucket_is_read_without_credentials(bucket: S3Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(CONTENT, tmp_path)
    for name in KEYS:
        monkeypatch.delenv(name)
    anonymous = S3Access(bucket.endpoint, anonymous=True)
    assert get(tmp_path / "cache", access=anonymous).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "address", ["s3://trips", "s3://trips/", "s3://trips/a/", "s3:///a.csv", "http://a/b.csv", "s3://trips/.."]
)
def test_only_addresses_of_files_in_buckets_are_fetched(tmp_path: Path, address: str) -> None:
    with pytest.raises(UsageError) as caught:
        fetch_s3(address, tmp_path, sha256=None, progress=Silent())
    assert caught.value.faults[0].code == "DATA-025"


def test_server_and_region_are_said_in_awss_own_words() -> None:
    assert read_access({}) == S3Access("", "us-east-1", anonymous=False)
    both = {"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_S3": "http://b", "AWS_DEFAULT_REGION": "eu-west-3"}
    assert read_access(both) == S3Access("http://b", "eu-west-3", anonymous=False)
    assert read_access({"AWS_REGION": "eu-west-1", "AWS_NO_SIGN_REQUEST": "YES"}) == S3Access("", "eu-west-1", anonymous=True)
