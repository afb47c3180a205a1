"""What is unpacked, and what is refused before it does harm."""

import gzip
import io
import random
import resource
import shutil
import stat
import struct
import subprocess
import sys
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.core.errors import EnvironmentFault, UsageError
from steward.data.archive import UnpackLimits, archive_kind, extract
from steward.data.zipped import is_harmless, last_part

TABLE = b"zone,miles\n" + b"".join(b"%d,%d.5\n" % (i % 263, i % 17) for i in range(200_000))  # 1.5 MB


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def zstd(content: bytes, path: Path) -> Path:
    with pa.OSFile(str(path), "wb") as file, pa.CompressedOutputStream(file, "zstd") as out:
        out.write(content)
    return path


def _gzipped(content: bytes, path: Path) -> Path:
    path.write_bytes(gzip.compress(content, 1))
    return path


MAKERS: dict[str, Callable[[bytes, Path], Path]] = {
    "zip": lambda content, path: zipped(path, {"month.csv": content}),
    "gz": _gzipped,
    "zst": zstd,
}


@pytest.fixture(params=MAKERS)
def packed(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return MAKERS[request.param](TABLE, tmp_path / f"month.csv.{request.param}")


def code_of(archive: Path, into: Path, member: str | None = None, **limits: int) -> str:
    """Return the code of the refusal, having seen that nothing is left behind."""
    with pytest.raises(UsageError) as caught:
        extract(archive, into, member=member, limits=UnpackLimits(**limits))
    assert str(archive) in str(caught.value)
    assert left(into) == []
    return caught.value.faults[0].code


def left(into: Path) -> list[str]:
    return sorted(path.name for path in into.rglob("*") if path.is_file() and not path.name.endswith(".lock"))


def test_one_file_comes_out_of_each_kind_under_its_own_name(packed: Path, tmp_path: Path) -> None:
    path = extract(packed, tmp_path / "cache", member=None)
    assert path.read_bytes() == TABLE
    assert path.name == "month.csv"
    assert path.is_relative_to(tmp_path / "cache")
    assert archive_kind(path) is None
    assert archive_kind(packed) is not None


def test_a_second_call_finds_what_the_first_unpacked(packed: Path, tmp_path: Path) -> None:
    path = extract(packed, tmp_path / "cache", member=None)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    copy = shutil.copy(packed, tmp_path / f"copy{packed.suffix}")
    assert extract(packed, tmp_path / "cache", member=None) == path
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before
    assert extract(Path(copy), tmp_path / "cache", member=None).parent == path.parent


def test_another_content_under_the_same_name_has_a_place_of_its_own(tmp_path: Path) -> None:
    first = extract(zipped(tmp_path / "a.zip", {"x.csv": b"one"}), tmp_path / "cache", member=None)
    second = extract(zipped(tmp_path / "a.zip", {"x.csv": b"two"}), tmp_path / "cache", member=None)
    assert (first.read_bytes(), second.read_bytes()) == (b"one", b"two")


def test_several_gzip_members_and_padding_are_one_file(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(TABLE, 1) + gzip.compress(TABLE, 1) + b"\0" * 3_000_000)
    assert extract(path, tmp_path / "cache", member=None).read_bytes() == TABLE * 2


def test_what_macos_and_windows_leave_does_not_count(tmp_path: Path) -> None:
    more = {"data/": b"", "__MACOSX/._month.csv": b"-", ".DS_Store": b"-", "data/Thumbs.db": b"-", "data/month.csv": TABLE}
    assert extract(zipped(tmp_path / "a.zip", more), tmp_path / "cache", member=None).read_bytes() == TABLE


def test_of_several_files_one_must_be_named_by_path_or_name(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"y2018/places.csv": b"p", "y2018/users.csv": b"u", "y2019/users.csv": b"v"})
    assert code_of(archive, tmp_path / "cache") == "DATA-087"
    assert code_of(archive, tmp_path / "cache", "users.csv") == "DATA-087"
    assert extract(archive, tmp_path / "cache", member="places.csv").read_bytes() == b"p"
    assert extract(archive, tmp_path / "cache", member="y2019/users.csv").read_bytes() == b"v"
    with pytest.raises(UsageError, match=r"did you mean 'y2018/places\.csv'") as caught:
        extract(archive, tmp_path / "cache", member="y2018/place.csv")
    assert caught.value.faults[0].code == "DATA-088"


def test_two_members_of_one_name_are_not_chosen_between(tmp_path: Path) -> None:
    with warnings.catch_warnings(), zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("x.csv", b"1")
        archive.writestr("x.csv", b"2")
    assert code_of(tmp_path / "a.zip", tmp_path / "cache", "x.csv") == "DATA-087"


def test_an_archive_without_files_says_so(tmp_path: Path) -> None:
    assert code_of(zipped(tmp_path / "a.zip", {"folder/": b""}), tmp_path / "cache") == "DATA-087"
    assert code_of(zipped(tmp_path / "b.zip", {}), tmp_path / "cache") == "DATA-087"


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PAR1....", b"\x1f", b"PK"])
def test_what_is_no_archive_is_not_unpacked(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    assert archive_kind(path) is None
    assert code_of(path, tmp_path / "cache") == "DATA-080"


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "x.zip")
    assert code_of(tmp_path / "x.zip", tmp_path / "cache") == "DATA-080"


# --- cut and corrupt


@pytest.mark.parametrize("part", [0.01, 0.3, 0.6, 0.99])
def test_a_cut_archive_is_refused(packed: Path, tmp_path: Path, part: float) -> None:
    content = packed.read_bytes()
    packed.write_bytes(content[: max(12, int(len(content) * part))])
    assert code_of(packed, tmp_path / "cache") == "DATA-081"


@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_a_flipped_bit_in_the_content_is_refused(tmp_path: Path, kind: str) -> None:
    path = MAKERS[kind](random.Random(1).randbytes(100_000), tmp_path / f"x.csv.{kind}")
    content = bytearray(path.read_bytes())
    content[50_000] ^= 1
    path.write_bytes(content)
    assert code_of(path, tmp_path / "cache") == "DATA-081"


def test_bytes_after_the_end_are_refused(tmp_path: Path) -> None:
    for kind in ("gz", "zst"):
        path = MAKERS[kind](TABLE, tmp_path / f"x.csv.{kind}")
        path.write_bytes(path.read_bytes() + b"and more")
        assert code_of(path, tmp_path / "cache") == "DATA-081"


def test_a_cut_copy_in_the_cache_is_unpacked_again(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"x.csv": TABLE})
    extract(archive, tmp_path / "cache", member=None).write_bytes(b"cut")
    assert extract(archive, tmp_path / "cache", member=None).read_bytes() == TABLE


@given(st.binary(max_size=200), st.sampled_from([b"PK\3\4", b"PK\5\6", b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd"]))
def test_whatever_follows_the_first_bytes_nothing_but_a_refusal_or_a_file_comes(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes, head: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "x").write_bytes(head + tail)
    try:
        path = extract(folder / "x", folder / "cache", member=None)
    except UsageError as error:
        assert error.faults[0].code in ("DATA-081", "DATA-087", "DATA-083")  # noqa: PT017 - either outcome is right
        assert left(folder / "cache") == []
    else:
        assert path.is_file()


# --- too much


@pytest.mark.parametrize("kind", MAKERS)
def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path, kind: str) -> None:
    bomb = MAKERS[kind](bytes(3_000_000), tmp_path / f"x.csv.{kind}")  # a few kB
    assert code_of(bomb, tmp_path / "cache", free_bytes=1_000_000) == "DATA-082"
    assert code_of(bomb, tmp_path / "cache", max_bytes=2_000_000) == "DATA-082"
    assert extract(bomb, tmp_path / "cache", member=None).stat().st_size == 3_000_000  # as small as this it may be


def test_a_bomb_of_the_catalogue_needs_neither_time_nor_memory(tmp_path: Path) -> None:
    bomb = MAKERS["gz"](bytes(100 << 20), tmp_path / "x.csv.gz")  # 100 MB from 100 kB
    code = f"""
from pathlib import Path
from steward.data.archive import extract
try:
    extract(Path({str(bomb)!r}), Path({str(tmp_path / "cache")!r}), member=None)
except Exception as error:
    status = Path("/proc/self/status").read_text()  # the peak that getrusage tells is that of whoever started us
    print(error.faults[0].code, status.partition("VmHWM:")[2].split()[0])
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert told[0] == "DATA-082"
    assert int(told[1]) < 200_000  # kB
    assert left(tmp_path / "cache") == []


def test_a_member_that_says_it_is_small_is_not_believed(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"x.csv": bytes(3_000_000)})
    content = archive.read_bytes().replace(struct.pack("<I", 3_000_000), struct.pack("<I", 10))
    archive.write_bytes(content)
    assert code_of(archive, tmp_path / "cache") == "DATA-081"


def test_an_archive_in_an_archive_is_refused(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "in.zip", {"x.csv": TABLE}).read_bytes()
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        archive.add(zipped(tmp_path / "one.zip", {"x": b"x"}), "one.zip")
    for kind, make in MAKERS.items():
        for content in (inner, gzip.compress(TABLE, 1), tar.getvalue()):
            assert code_of(make(content, tmp_path / f"x.{kind}"), tmp_path / "cache") == "DATA-089"


def test_too_many_members_are_refused_also_when_only_claimed(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {f"{i}.csv": b"" for i in range(50)})
    assert code_of(archive, tmp_path / "cache", max_members=49) == "DATA-083"
    assert code_of(archive, tmp_path / "cache", max_members=50) == "DATA-087"
    content = bytearray(archive.read_bytes())
    struct.pack_into("<I", content, len(content) - 22 + 12, 0x7FFFFFFF)  # a table of contents of 2 GB
    archive.write_bytes(content)
    assert code_of(archive, tmp_path / "cache") == "DATA-083"


def test_a_full_disk_leaves_nothing_and_says_what_is_needed(packed: Path, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(EnvironmentFault, match=r"no room for month\.csv") as caught:
            extract(packed, tmp_path / "cache", member=None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.faults[0].code == "DATA-090"
    assert left(tmp_path / "cache") == []


# --- names, links, locks

HOSTILE = [
    "../x.csv",
    "a/../../x.csv",
    "/etc/x.csv",
    "\\\\server\\x.csv",
    "..\\x.csv",
    "C:\\x.csv",
    "c:x.csv",
    "x.csv\0.txt",
    "a\nb.csv",
    "a/..",
    "x" * 300,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_leads_elsewhere_is_refused_also_when_another_member_is_meant(tmp_path: Path, name: str) -> None:
    stand_in = "n" * len(name.encode())
    archive = zipped(tmp_path / "a.zip", {"good.csv": TABLE, stand_in: b"x"})
    archive.write_bytes(archive.read_bytes().replace(stand_in.encode(), name.encode()))
    assert code_of(archive, tmp_path / "cache", "good.csv") == "DATA-084"
    assert left(tmp_path) == ["a.zip"]


@given(
    st.text(max_size=40)
    | st.lists(st.sampled_from(["..", ".", "", "a", "b.csv", "C:", "C:x", "~", "con"]), max_size=6).map("/".join)
)
def test_a_harmless_name_stays_in_its_folder_on_every_system(name: str) -> None:
    if not is_harmless(name):
        return
    for flavour in (PurePosixPath, PureWindowsPath):
        root = flavour("/cache/folder")
        for path in (root / name, root / last_part(name)):
            assert path.parts[: len(root.parts)] == root.parts
            assert ".." not in path.parts
    assert not set("/\\\0") & set(last_part(name))
    assert last_part(name) not in ("", ".", "..")


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30))
def test_whatever_a_member_is_called_nothing_is_written_outside_the_cache(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    folder = tmp_path_factory.mktemp("named")
    archive = zipped(folder / "archive.zip", {name: b"1,2\n"})
    try:
        path = extract(archive, folder / "cache", member=None)
    except UsageError:
        assert left(folder) == ["archive.zip"]
    else:
        assert path.resolve().is_relative_to((folder / "cache").resolve())
        assert left(folder) == sorted(["archive.zip", path.name])


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    entry = zipfile.ZipInfo("x.csv")
    entry.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    assert code_of(tmp_path / "a.zip", tmp_path / "cache") == "DATA-085"


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"x.csv": TABLE})
    content = bytearray(archive.read_bytes())
    content[6] |= 1
    content[content.rfind(b"PK\1\2") + 8] |= 1
    archive.write_bytes(content)
    assert code_of(archive, tmp_path / "cache") == "DATA-086"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_without_a_bound_is_refused(tmp_path: Path, method: int) -> None:
    assert code_of(zipped(tmp_path / "a.zip", {"x.csv": TABLE}, method), tmp_path / "cache") == "DATA-086"
