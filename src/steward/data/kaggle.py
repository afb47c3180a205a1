"""How does a file of a Kaggle data set get here?

By Kaggle's own client, in a process of its own: it prints as it likes, knows no time limit, and keeps the credentials, which it
finds by itself, away from everything else. What it says is not repeated, for its addresses are signed.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from steward.core.digest import digest_bytes
from steward.core.errors import EnvironmentFault, Fault, UsageError
from steward.core.progress import Progress
from steward.data.arriving import arriving
from steward.data.fetch import Limits, is_held, verify
from steward.data.unavailable import NotPublished, Unreachable

_PARTS = 3
_GLANCE_S = 0.1
_DENIED, _ABSENT, _BUSY, _SERVER = (401, 403), (404, 410), 429, 500
_CREDENTIALS = "take a token from your Kaggle settings page:  export KAGGLE_API_TOKEN=...  (or KAGGLE_USERNAME and KAGGLE_KEY)"


@dataclass(frozen=True, slots=True)
class _File:
    """What `kaggle://OWNER/DATASET/FILE` names; the file may lie in folders of the data set."""

    address: str
    handle: str
    name: str


def fetch_kaggle(
    address: str,
    into: Path,
    *,
    sha256: str | None,
    progress: Progress,
    offline: bool = False,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> Path:
    """Return a file of a Kaggle data set, from the cache where it is there already.

    Args:
        address: `kaggle://OWNER/DATASET/FILE`; a file that Kaggle sends zipped is unpacked by its client.
        into: the cache folder; each address has a folder of its own in it.
        sha256: what the content must hash to; None trusts Kaggle.
        progress: told of the bytes that arrive.
        offline: only look into the cache.
        limits: how large it may be, and how long nothing may arrive.

    Raises:
        NotPublished: DATA-021 Kaggle does not have it, DATA-093 its client is not installed, there are no credentials, or
            they are not good for it.
        Unreachable: DATA-021 no server answered.
        EnvironmentFault: DATA-021 the download failed, DATA-022 the checksum does not hold, DATA-090 and DATA-091 no room.
        UsageError: DATA-025 not an address of a file on Kaggle.
    """
    file = _parse(address)
    path = into / digest_bytes(address.encode())[:12] / file.name.rpartition("/")[2]
    if is_held(path, sha256):
        return path
    if offline:
        raise Unreachable(Fault("DATA-021", "not in the cache, and nothing is fetched now", (address,), fix="work online once"))
    if find_spec("kagglehub") is None:
        what = "Kaggle's client is not installed"
        raise NotPublished(Fault("DATA-093", what, (address,), fix="pip install 'steward[kaggle]'"))
    progress.started(f"fetch {path.name}")
    with arriving(path) as beside:
        _download(file, beside, progress, limits)
        verify(beside, sha256, source=address)
    progress.finished(f"fetch {path.name}", f"{path.stat().st_size:,} bytes")
    return path


def _parse(address: str) -> _File:
    parts = address.removeprefix("kaggle://").split("/", _PARTS - 1)
    name = parts[-1].rpartition("/")[2]
    plain = all(part not in ("", ".", "..") for part in address.removeprefix("kaggle://").split("/"))
    if not address.startswith("kaggle://") or len(parts) != _PARTS or not plain or set("\\\0") & set(name):
        fix = "write  kaggle://OWNER/DATASET/FILE"
        raise UsageError(Fault("DATA-025", "not an address of a file on Kaggle", (address,), fix=fix))
    return _File(address, f"{parts[0]}/{parts[1]}", parts[2])


def _download(file: _File, beside: Path, progress: Progress, limits: Limits) -> None:
    with TemporaryDirectory(dir=beside.parent, prefix=".kaggle.") as folder:
        told = _run(file, Path(folder), progress, limits)
        if isinstance(told.get("errno"), int):
            raise OSError(told["errno"], "Kaggle's client")  # `arriving` says what it means
        if "path" not in told:
            raise _failed(file, told)
        Path(str(told["path"])).replace(beside)


def _run(file: _File, folder: Path, progress: Progress, limits: Limits) -> Mapping[str, object]:
    """Run Kaggle's client until it ends, or until nothing more arrives; return what it reports."""
    command = [sys.executable, "-m", __name__, file.handle, file.name, str(folder)]
    environ = {**os.environ, "KAGGLEHUB_CACHE": str(folder), "TQDM_DISABLE": "1", "KAGGLE_LOGGING_ENABLED": "false"}
    report = folder / "report.json"
    with subprocess.Popen(  # noqa: S603 - our own module, no shell
        command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as client:
        try:
            _watch(client, file, folder, progress, limits)
        finally:
            client.kill()
    return dict(json.loads(report.read_text(encoding="utf-8"))) if report.is_file() else {"error": "it ended without a word"}


def _watch(client: "subprocess.Popen[bytes]", file: _File, folder: Path, progress: Progress, limits: Limits) -> None:
    size, since = 0, time.monotonic()
    while client.poll() is None:
        arrived = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        if arrived > limits.max_bytes:
            what = f"the file is larger than {limits.max_bytes:,} bytes"
            raise EnvironmentFault(Fault("DATA-021", what, (file.address,), fix="fetch it by hand and give its folder with --data"))
        if arrived != size:
            size, since = arrived, time.monotonic()
            progress.advanced(f"fetch {file.name.rpartition('/')[2]}", arrived, None)
        elif time.monotonic() - since > limits.silence_s:
            why = f"nothing arrived for {limits.silence_s:g} s"
            raise Unreachable(
                Fault("DATA-021", "Kaggle does not answer", (file.address,), why, "check the network, then try again")
            )
        time.sleep(_GLANCE_S)


def _failed(file: _File, told: Mapping[str, object]) -> EnvironmentFault:
    status, where = told.get("status"), (file.address,)
    if told.get("credentials") is False:
        return NotPublished(Fault("DATA-093", "there are no credentials for Kaggle", where, fix=_CREDENTIALS))
    if status in _DENIED:
        why = "they are wrong or expired, or the data set asks for a consent on its page"
        what = f"Kaggle does not give the file to these credentials (status {status})"
        return NotPublished(Fault("DATA-093", what, where, why, _CREDENTIALS))
    if status in _ABSENT:
        fix = "check owner, data set and file on the data set's page"
        return NotPublished(Fault("DATA-021", f"Kaggle does not have the file (status {status})", where, fix=fix))
    if told.get("unreachable"):
        fix = "check the network, or give the data as a folder (--data)"
        return Unreachable(Fault("DATA-021", "Kaggle does not answer", where, str(told.get("error")), fix))
    why = f"status {status}" if status else str(told.get("error"))
    return EnvironmentFault(Fault("DATA-021", "the download from Kaggle failed", where, why, "try again"))


def _main(arguments: Sequence[str]) -> None:
    """Be the client's process: download, and leave a report beside the file."""
    handle, name, folder = arguments
    report = Path(folder) / "report.json"
    report.write_text(json.dumps(_fetched(handle, name)), encoding="utf-8")


def _fetched(handle: str, name: str) -> dict[str, object]:
    import kagglehub
    import requests
    from kagglehub.config import get_kaggle_credentials

    try:
        known = get_kaggle_credentials() is not None
    except ValueError:  # a credentials file that cannot be read
        known = False
    if not known:
        return {"credentials": False}
    try:
        return {"path": kagglehub.dataset_download(handle, path=name)}
    except requests.HTTPError as error:
        return {"status": error.response.status_code if error.response is not None else None}
    except (requests.ConnectionError, requests.Timeout) as error:
        return {"unreachable": True, "error": type(error).__name__}
    except OSError as error:
        return {"errno": error.errno, "error": type(error).__name__}
    except Exception as error:  # noqa: BLE001 - whatever it is, its text may hold a signed address
        return {"error": type(error).__name__}


if __name__ == "__main__":
    _main(sys.argv[1:])
