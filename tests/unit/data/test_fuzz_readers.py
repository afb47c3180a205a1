"""Whatever bytes a file holds and whatever the dictionary promises: rows of the promised types, or a coded refusal."""

import gzip
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import bad_files

from steward.core.errors import StewardError
from steward.data.convert import DTYPES
from steward.data.read import read_table
from steward.project.dictionary import DictionarySpec

PLAIN = bad_files.text(bad_files.table(12)).encode()
QUOTED = PLAIN.replace(b"Paris", b'"Pa""r\nis"')
LINES = b"".join(bad_files.json_lines().splitlines(keepends=True)[:12])
PARQUET = bad_files.parquet(bad_files.frame().head(60))
VALID = {
    "t.csv": (PLAIN, QUOTED, PLAIN.replace(b",", b";"), PLAIN.decode().encode("utf-16")),
    "t.csv.gz": (gzip.compress(PLAIN, mtime=0), gzip.compress(PLAIN, mtime=0) * 2),
    "t.csv.zst": (bad_files.zst(PLAIN),),
    "t.jsonl": (LINES,),
    "t.parquet": (PARQUET,),
    "t": (PLAIN, LINES, PARQUET),
}
TOKENS = (
    *(",", ";", "\t", "|", "\n", "\r\n", "\r", '"', '""', " ", "\ufeff", "\u200b", "\0", "{", "}", "[", "]", ":"),
    *("1", "007", "-9", "1.5", "1,5", "1.234,56", "$1,234.50", "€ 3", "1e400", "inf", "NaN", "?", "#REF!", "9" * 25, "-", "."),
    *("true", "no", "Y", "2023-01-01", "2023-01-01 10:00:00", "2023-03-26T02:30:00+01:00", "31/01/2023", "2023-02-30", "24:00"),
    *("id", "at", "zone", "miles", "city", "paid", "minutes", "=1+1", "<b>", "é", "\u0430", "中", "x" * 300),
)
HEADER = f"{bad_files.HEADER}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="module")
def catalogue() -> DictionarySpec:
    return DictionarySpec.model_validate(yaml.safe_load(bad_files.DICTIONARY))


def read_or_refuse(folder: Path, name: str, content: bytes, dictionary: DictionarySpec, **options: object) -> None:
    """Read a file. Whatever is raised but a refusal, and any other type, fails the test."""
    path = folder / name
    path.write_bytes(content)
    refusal = None
    try:
        read = read_table(path, dictionary, **options)  # type: ignore[arg-type]
    except StewardError as error:
        refusal = error
    if refusal is not None:
        assert all(fault.code.startswith("DATA-") and fault.where and fault.fix for fault in refusal.faults)
        assert str(path) in str(refusal)
        assert str(refusal).encode()
        return
    assert dict(read.frame.schema) == {name: DTYPES[spec.type] for name, spec in dictionary.columns.items()}
    assert all(note.isprintable() for note in read.notes)
    assert read.apart["line"].is_sorted()


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """Return a file that was good until some pieces of it were turned over, cut, doubled, moved or replaced."""
    name = draw(st.sampled_from(sorted(VALID)))
    content = bytearray(draw(st.sampled_from(VALID[name])))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, max(0, len(content) - 1)))
        stop = min(len(content), place + draw(st.sampled_from((1, 1, 1, 2, 4, 16, 200))))
        piece = bytes(content[place:stop])
        change: Callable[[bytes], bytes] = draw(st.sampled_from(CHANGES))(draw)
        content[place:stop] = change(piece)
    return name, bytes(content)


def _flip(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    mask = draw(st.integers(1, 255))
    return lambda piece: bytes(byte ^ mask for byte in piece)


def _replace(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    new = draw(st.sampled_from(TOKENS).map(str.encode) | st.binary(max_size=8))
    return lambda _: new


def _insert(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    new = draw(st.sampled_from(TOKENS).map(str.encode) | st.binary(max_size=8))
    return lambda piece: new + piece


CHANGES = (_flip, _replace, _insert, lambda _: lambda _: b"", lambda _: lambda piece: piece * 3)


@st.composite
def dictionaries(draw: st.DrawFn) -> DictionarySpec:
    """Return any description of some of the catalogue's columns."""
    names = draw(st.lists(st.sampled_from(bad_files.COLUMNS), min_size=1, unique=True))
    return DictionarySpec.model_validate({"columns": {name: draw(_columns) for name in names}})


_words = st.sampled_from(("?", "-", "-9", "0", "Paris", "true", "")) | st.sampled_from((-9, 0, 1.5))
_columns = st.fixed_dictionaries(
    {
        "type": st.sampled_from(sorted(DTYPES)),
        "required": st.booleans(),
        "missing": st.lists(_words, max_size=3),
        "codes": st.none() | st.dictionaries(st.sampled_from(("0", "1", "?", "-", "Paris")), st.just("a code"), max_size=3),
        "format": st.sampled_from((None, "%Y-%m-%d %H:%M:%S", "%d/%m/%Y", "%Y-%m-%d", "%H:%M", "%Y-%m-%dT%H:%M:%S%z", "%Q", "")),
        "unit": st.sampled_from(("", "Europe/Paris", "Europe/Nowhere", "UTC", "USD")),
        "meaning": st.just("-"),
        "known_at": st.just("request"),
    }
)
_cells = st.sampled_from([token for token in TOKENS if token not in ("\n", "\r\n", "\r", '"', ",")])
_even = st.lists(st.lists(_cells, min_size=7, max_size=7).map(",".join), max_size=12).map("\n".join)
_tables = _even | st.lists(st.sampled_from(TOKENS), max_size=60).map("".join)
_headers = st.lists(st.sampled_from(bad_files.COLUMNS), max_size=8)


@settings(max_examples=150)
@given(content=st.binary(max_size=300), name=st.sampled_from(sorted(VALID)))
def test_any_bytes(folder: Path, catalogue: DictionarySpec, content: bytes, name: str) -> None:
    read_or_refuse(folder, name, content, catalogue)


@settings(max_examples=250)
@given(file=mutated(), share=st.sampled_from((0.0, 0.2, 1.0)))
def test_spoilt_files(folder: Path, catalogue: DictionarySpec, file: tuple[str, bytes], share: float) -> None:
    read_or_refuse(folder, *file, catalogue, max_unreadable=share)


@settings(max_examples=250)
@given(body=_tables, dictionary=dictionaries(), header=_headers, share=st.sampled_from((0.0, 1.0)))
def test_any_cells_under_any_dictionary(
    folder: Path, body: str, dictionary: DictionarySpec, header: list[str], share: float
) -> None:
    read_or_refuse(folder, "t.csv", (HEADER + body).encode(errors="replace"), dictionary, header=header, max_unreadable=share)


_dtypes = st.sampled_from(
    (
        *(pl.Int8, pl.UInt64, pl.Int128, pl.Float32, pl.Float64, pl.String, pl.Binary, pl.Boolean, pl.Date, pl.Time, pl.Null),
        *(
            pl.Duration("ms"),
            pl.Datetime("ns"),
            pl.Datetime("ms", "Asia/Tokyo"),
            pl.Categorical,
            pl.Enum(["a", "1"]),
            pl.Decimal(10, 2),
        ),
        *(pl.List(pl.Int64), pl.Struct({"a": pl.Int64}), pl.Array(pl.Int64, 2)),
    )
)


@settings(max_examples=150)
@given(
    dtypes=st.lists(_dtypes, min_size=7, max_size=7), dictionary=dictionaries(), share=st.sampled_from((0.0, 1.0)), data=st.data()
)
def test_parquet_of_any_types(
    folder: Path, dtypes: list[pl.DataType], dictionary: DictionarySpec, share: float, data: st.DataObject
) -> None:
    from polars.testing.parametric import series

    names = zip(bad_files.COLUMNS, dtypes, strict=True)
    table = pl.DataFrame([data.draw(series(name=name, dtype=dtype, min_size=3, max_size=3)) for name, dtype in names])
    read_or_refuse(folder, "t.parquet", bad_files.parquet(table), dictionary, max_unreadable=share)


_json_values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just([1]) | st.just({"a": 1})


@settings(max_examples=150)
@given(
    rows=st.lists(st.dictionaries(st.sampled_from(bad_files.COLUMNS), _json_values), min_size=1, max_size=6),
    dictionary=dictionaries(),
    share=st.sampled_from((0.0, 1.0)),
)
def test_json_of_any_values(folder: Path, rows: list[dict[str, object]], dictionary: DictionarySpec, share: float) -> None:
    import json

    content = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    read_or_refuse(folder, "t.jsonl", content, dictionary, max_unreadable=share)


@pytest.mark.campaign
@pytest.mark.timeout(900)
@settings(max_examples=20_000, derandomize=False)
@given(file=mutated(), dictionary=dictionaries(), share=st.sampled_from((0.0, 0.2, 1.0)))
def test_campaign_of_spoilt_files(folder: Path, file: tuple[str, bytes], dictionary: DictionarySpec, share: float) -> None:
    read_or_refuse(folder, *file, dictionary, max_unreadable=share)


@pytest.mark.campaign
@pytest.mark.timeout(900)
@settings(max_examples=20_000, derandomize=False)
@given(body=_tables, dictionary=dictionaries(), header=_headers, share=st.sampled_from((0.0, 1.0)))
def test_campaign_of_any_cells(folder: Path, body: str, dictionary: DictionarySpec, header: list[str], share: float) -> None:
    read_or_refuse(folder, "t.csv", (HEADER + body).encode(errors="replace"), dictionary, header=header, max_unreadable=share)
