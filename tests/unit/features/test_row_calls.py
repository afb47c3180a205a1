"""Every call that Polars and narwhals share, on the row path: the same as on two thousand rows that are meant to hurt."""

from datetime import datetime, timedelta
from functools import cache

import polars as pl
import pytest
from tests.random_rows import random_rows

from steward.features.program import Program
from steward.features.row import RowProgram, RowRefused, compile_row
from steward.features.row.proof import is_same
from steward.features.source import features_of

HEAD = """
from polars import Boolean, Float64, Int8, Int64, String
from steward.features.column import *
"""
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall clock
SHARED = {
    "whole numbers wrap around": "n + m; n - m; n * m; -n; n.abs(); n ** 3; n * 1_000_000_007; 100 - n; n // m; m % n",
    "small ones in their own bits": "k * 60; k + 100; k - k; k * 1000; -k; k.abs(); k ** 2; k // 7; k % 7; k + n; b + 200",
    "whole divisions": "n // 3; n // -3; n % 3; n % -3; n // 0; n % 0; 100 // n; 100 % n; k // k; b // 3",
    "true divisions": "n / 60; n / m; x / 3; x / 0; 1 / x; x / y; k / 7; n / 0.1; 60 / n",
    "float divisions": "x // 7; x % 7; x // y; x % y; 2.5 % x; 2.5 // x; x % -2; n % 2.5; x // 0; x % 0",
    "powers": "x ** 2; x ** 3; x ** 4; x ** 8; x ** 0.5; x ** 1.5; x ** -1; x ** -2; x ** 0; x ** 1; 2.0 ** x; x ** y",
    "functions": "x.sin(); x.cos(); x.exp(); x.log(); x.log(10); x.sqrt(); n.sqrt(); n.log(); k.sin(); x.abs()",
    "rounding": "x.floor(); x.ceil(); x.round(); x.round(2); (x * 8).round(1); n.round(); n.floor(); (x - 0.5).ceil()",
    "clipping": "x.clip(0.0, 5.0); n.clip(0, 5); x.clip(0, None); x.clip(None, 1); k.clip(-5, 5)",
    "comparisons with a literal": "x > 5; x >= 5; x < 5; x <= 5; x == 5; x != 5; n > 2.5; n == 7; k < 1000; 5 > x; 5 <= x",
    "comparisons": ("x > y; x >= y; x < y; x <= y; x == y; x != y; n > m; n > x; n == x; s < w; s == 'a'; yes != no; at > end"),
    "three values": (
        "yes & no; yes | no; yes ^ no; ~yes; yes & (x > 1); (n > 1) | (m > 1); (n.is_null() | m.is_null()); yes & True"
    ),
    "is it": (
        "x.is_null(); ~x.is_null(); x.is_nan(); x.is_finite(); n.is_in([1, 2, None, 7]); x.is_in([0.5, 1.0]); s.is_in(['7', 'a'])"
    ),
    "between": ("x.is_between(0, 2.5); n.is_between(1, m); x.is_between(0, 5, closed='left'); k.is_between(0, 99, closed='none')"),
    "filling": (
        "x.fill_null(0); n.fill_null(0.5); n.fill_null(m); k.fill_null(1000); x.fill_nan(None); x.fill_nan(0); s.fill_null('?')"
    ),
    "choosing": (
        "choose(x > 1, n, 0.5); choose(yes, k, n); choose(n > m, s, w); choose(yes, 1, 0) * n; choose(yes, None, x); "
        "only_where(yes, 1)"
    ),
    "of several": (
        "coalesce(n, m); coalesce(n, x, 0); smallest([x, y]); greatest([n, m, k]); greatest([n, x]); coalesce(s, 'none')"
    ),
    "translating": (
        "recode(n, {1: 2, 2: 3}); recode(s, {'7': 0.5}); recode(k, {7: 'x'}); "
        "n.replace_strict([1, 2], [5, 6], default=None); n.replace_strict({1: 0.5}, default=0.0); "
        "s.replace_strict({'7': 'seven'}, default='other'); x.replace_strict({0.5: 1}, default=None)"
    ),
    "parts of times": (
        "at.dt.hour(); at.dt.minute(); at.dt.second(); at.dt.millisecond(); at.dt.microsecond(); at.dt.nanosecond(); "
        "at.dt.day(); at.dt.month(); at.dt.year(); at.dt.weekday(); at.dt.ordinal_day()"
    ),
    "times": (
        "at.dt.truncate('1h'); at.dt.truncate('1d'); at.dt.date(); at - end; at + (end - at); "
        "at.dt.date() < end.dt.date(); at.dt.date().dt.month()"
    ),
    "spans": (
        "(at - end).dt.total_minutes(); (at - end).dt.total_seconds(); (at - end).dt.total_milliseconds(); "
        "(at - end).dt.total_microseconds(); (at - end) > (end - at)"
    ),
    "text": ("s.str.len_chars(); s.str.slice(1, 2); s.str.slice(-2); s.str.head(2); s.str.tail(2); s + w; s.str.to_lowercase()"),
    "more text": (
        "s.str.contains('a'); s.str.contains('.', literal=True); s.str.starts_with('1'); s.str.replace_all(':', ''); "
        "s.str.strip_chars(); s.str.strip_chars('17')"
    ),
    "casts": (
        "k.cast(Int64); n.cast(Float64); yes.cast(Int64); yes.cast(Float64); n.cast(String); yes.cast(String); "
        "x.cast(Int64, strict=False); n.cast(Int8, strict=False); s.cast(Int64, strict=False); n.cast(Boolean); "
        "x.cast(Boolean); integer(x); whole_number(s)"
    ),
    "truth as a number": "yes * 2; yes * 0.5; yes + no; yes + n; 1 - yes",
}
WIDE = {
    **dict.fromkeys("nm", pl.Int64()),
    "k": pl.Int8(),
    "b": pl.UInt8(),
    **dict.fromkeys("xy", pl.Float64()),
    **dict.fromkeys("sw", pl.String()),
    **dict.fromkeys(("at", "end"), pl.Datetime("us")),
    **dict.fromkeys(("yes", "no"), pl.Boolean()),
}


@cache
def wide_rows() -> pl.DataFrame:
    rows = random_rows({**WIDE, "k": pl.Int64(), "b": pl.Int64()}, 2_000, seed=5, extreme=True)
    return rows.with_columns((pl.col("k") % 256 - 128).cast(pl.Int8), (pl.col("b") % 256).cast(pl.UInt8))


@pytest.mark.parametrize("what", SHARED)
def test_what_polars_and_narwhals_share_is_the_same_on_the_row_path(what: str) -> None:
    texts = SHARED[what].split("; ")
    source = HEAD + "".join(f"def f{place}({', '.join(WIDE)}):\n    return {text}\n" for place, text in enumerate(texts))
    names = [f"f{place}" for place in range(len(texts))]
    program = Program.build(features_of(source.encode(), "f.py"), [], tuple(WIDE), [], names)
    path = compile_row(program, WIDE)
    assert isinstance(path, RowProgram), path
    batch = program.run(wide_rows())
    assert path.types == {name: batch.schema[name] for name in path.types}
    expected = batch.select(list(path.types)).with_columns((pl.selectors.datetime() | pl.selectors.duration()).to_physical())
    refused = 0
    for row, wanted in zip(wide_rows().rows(named=True), expected.rows(named=True), strict=True):
        try:
            made = path.row(row)
        except RowRefused:
            refused += 1
            continue
        for name, text in zip(made, texts, strict=True):
            assert is_same(as_stored(made[name]), wanted[name]), (
                text,
                {c: x for c, x in row.items() if c in text},
                made[name],
                wanted[name],
            )
    assert refused <= (200 if "str." in SHARED[what] else 0)  # letters beyond ASCII


def as_stored(value: object) -> object:
    return round((value - EPOCH) / timedelta(microseconds=1)) if isinstance(value, datetime) else value
