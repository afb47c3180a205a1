"""How does a file get from an S3 bucket into the cache, and from here into a bucket?

Arrow's own client does the work; who we are it finds out as every AWS client does (environment, profile, the machine's role).
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from steward.core.digest import digest_bytes
from steward.core.errors import EnvironmentFault, Fault, UsageError
from steward.core.progress import Progress
from steward.data.arriving import arriving
from steward.data.fetch import Limits, is_held, verify
from steward.data.unavailable import NotPublished, Unreachable

if TYPE_CHECKING:
    from pyarrow import NativeFile
    from pyarrow.fs import S3FileSystem

_CONNECT_S, _TRIES = 3.0, 2
_BLOCK = 1 << 20
_HOME = "us-east-1"  # what AWS's own clients take where nobody says
_AWAY = ("NETWORK_CONNECTION", "REQUEST_TIMEOUT", "SLOW_DOWN", "SERVICE_UNAVAILABLE", "INTERNAL_FAILURE")
_DENIED = (
    "ACCESS_DENIED",
    "INVALID_ACCESS_KEY_ID",
    "SIGNATURE_DOES_NOT_MATCH",
    "INVALID_CLIENT_TOKEN_ID",
    "HTTP response code: 403",
)


@dataclass(frozen=True, slots=True)
class S3Access:
    """Which server, in which region, and whether as nobody; an empty endpoint means AWS's own."""

    endpoint: str = ""
    region: str = _HOME
    anonymous: bool = False


@dataclass(frozen=True, slots=True)
class _Object:
    """What `s3://bucket/key` names."""

    address: str
    bucket: str
    key: str

    @property
    def path(self) -> str:
        """Where it lies, in Arrow's words."""
        return f"{self.bucket}/{self.key}"

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.key.rpartition("/")[2]


def read_access(environ: Mapping[str, str]) -> S3Access:
    """Return what the environment says, in AWS's own words; AWS_NO_SIGN_REQUEST=YES asks without credentials."""
    return S3Access(
        environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL", ""),
        environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or _HOME,
        environ.get("AWS_NO_SIGN_REQUEST", "").casefold() in ("yes", "true", "1"),
    )


def fetch_s3(
    address: str,
    into: Path,
    *,
    sha256: str | None,
    progress: Progress,
    offline: bool = False,
    access: S3Access | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> Path:
    """Return the file behind `s3://BUCKET/KEY`; from the cache while the bucket still holds the same (entity tag and size).

    Args:
        address: one object; a key that ends with a slash is none.
        into: the cache folder; each address has a folder of its own in it.
        sha256: what the content must hash to; None trusts the bucket.
        progress: told of the bytes that arrive.
        offline: only look into the cache. A declared checksum that holds there is enough online, too.
        access: server and region; as the environment says by default.
        limits: how large it may be, and how long the server may be silent.

    Raises:
        NotPublished: DATA-021 there is no such object, or it is not for these credentials.
        Unreachable: DATA-021 no server answered.
        EnvironmentFault: DATA-021 broken off or too large, DATA-022 the checksum does not hold, DATA-090 and DATA-091 no room.
        UsageError: DATA-025 not an address of one object.
    """
    found = _parse(address)
    path = into / digest_bytes(address.encode())[:12] / found.name
    held = is_held(path, sha256)
    if held and (offline or sha256 is not None):
        return path
    if offline:
        raise Unreachable(Fault("DATA-021", "not in the cache, and nothing is fetched now", (address,), fix="work online once"))
    try:
        with _told(address), _open(access, limits) as bucket:
            _bring(found, path, bucket, sha256, progress, limits)
    except Unreachable as error:
        if not held:
            raise
        progress.warned(f"{path.name}: the copy in the cache is used, for {error.faults[0].what}")
    return path


def put_s3(path: Path, address: str, *, access: S3Access | None = None) -> None:
    """Write a file to `s3://BUCKET/KEY`; the object is there, or replaced, when all of it has arrived.

    Raises:
        NotPublished: DATA-021 there is no such bucket, or it is not for these credentials.
        Unreachable: DATA-021 no server answered.
        UsageError: DATA-025 not an address of one object.
    """
    from pyarrow import fs

    found = _parse(address)
    with _told(address), _open(access, Limits()) as bucket:
        fs.copy_files(str(path.absolute()), found.path, fs.LocalFileSystem(), bucket)


def list_s3(address: str, *, access: S3Access | None = None) -> list[str]:
    """Return the addresses of all objects below `s3://BUCKET/PREFIX`, sorted; none where there are none.

    Raises:
        NotPublished: DATA-021 it is not for these credentials.
        Unreachable: DATA-021 no server answered.
        UsageError: DATA-025 not an address in a bucket.
    """
    from pyarrow import fs

    bucket_and_prefix = address.removeprefix("s3://").rstrip("/")
    if not address.startswith("s3://") or not bucket_and_prefix:
        raise UsageError(_no_object(address))
    with _told(address), _open(access, Limits()) as bucket:
        infos = bucket.get_file_info(fs.FileSelector(bucket_and_prefix, recursive=True, allow_not_found=True))
    return sorted(f"s3://{info.path}" for info in infos if info.type == fs.FileType.File)


def _parse(address: str) -> _Object:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    name = key.rpartition("/")[2]
    if not address.startswith("s3://") or not bucket or name in ("", ".", "..") or set("\0\\") & set(name):
        raise UsageError(_no_object(address))
    return _Object(address, bucket, key)


def _no_object(address: str) -> Fault:
    return Fault("DATA-025", "not an address of a file in a bucket", (address,), fix="write  s3://BUCKET/FOLDER/FILE")


@contextmanager
def _open(access: S3Access | None, limits: Limits) -> Iterator["S3FileSystem"]:
    from pyarrow import fs

    told = access or read_access(os.environ)
    yield fs.S3FileSystem(
        anonymous=told.anonymous,
        region=told.region,
        endpoint_override=told.endpoint or None,
        connect_timeout=_CONNECT_S,
        request_timeout=limits.silence_s,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_TRIES),
    )


def _bring(found: _Object, path: Path, bucket: "S3FileSystem", sha256: str | None, progress: Progress, limits: Limits) -> None:
    kept = path.with_name(f".{path.name}.tag")
    with bucket.open_input_stream(found.path) as stream:
        tag, size = _identity(stream.metadata() or {})
        if path.is_file() and kept.is_file() and kept.read_text(encoding="utf-8") == tag:
            return
        if size > limits.max_bytes:
            what = f"the file is larger than {limits.max_bytes:,} bytes"
            raise EnvironmentFault(
                Fault("DATA-021", what, (found.address,), fix="fetch it by hand and give its folder with --data")
            )
        progress.started(f"fetch {path.name}")
        with arriving(path, size) as beside:
            _receive(stream, beside, found, size, progress)
            verify(beside, sha256, source=found.address)
            kept.unlink(missing_ok=True)
        kept.write_text(tag, encoding="utf-8")
    progress.finished(f"fetch {path.name}", f"{size:,} bytes")


def _identity(told: Mapping[str, bytes]) -> tuple[str, int]:
    """Return what tells an object from the one that will replace it, and its bytes."""
    size = told.get("Content-Length", b"0").decode()
    return f"{told.get('ETag', b'').decode()} {size}", int(size)


def _receive(stream: "NativeFile", beside: Path, found: _Object, size: int, progress: Progress) -> None:
    with beside.open("wb") as file:
        while block := stream.read(_BLOCK):
            file.write(block)
            progress.advanced(f"fetch {found.name}", file.tell(), size)
        if file.tell() != size:
            why = f"{file.tell():,} of {size:,} bytes arrived"
            raise EnvironmentFault(Fault("DATA-021", "the download broke off", (found.address,), why, "try again"))


@contextmanager
def _told(address: str) -> Iterator[None]:
    """Give Arrow's errors their meaning; the text of AWS's client names the server and the operation, never a key."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotPublished(Fault("DATA-021", "the bucket does not have the file", (address,))) from error
    except OSError as error:
        if error.errno is not None:
            raise  # of this machine's own disk
        why = " ".join(str(error).split())[:300]
        if any(sign in why for sign in _DENIED):
            fix = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ask without them:  export AWS_NO_SIGN_REQUEST=YES"
            raise NotPublished(Fault("DATA-021", "the bucket is not open to these credentials", (address,), why, fix)) from error
        if any(sign in why for sign in _AWAY):
            fix = "check the network and AWS_ENDPOINT_URL, or give the data as a folder (--data)"
            raise Unreachable(Fault("DATA-021", "no server answered", (address,), why, fix)) from error
        raise EnvironmentFault(
            Fault("DATA-021", "the bucket could not be read or written", (address,), why, "try again")
        ) from error
