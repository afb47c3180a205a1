"""When was it - from text in the dictionary's form, or in ISO 8601 where it names none?"""

import re
from dataclasses import dataclass

import polars as pl

from steward.data.remarks import Remark, shown
from steward.project.dictionary import ColumnSpec

_ISO = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M")
_DATE = "%Y-%m-%d"
_OFFSET = r"\s*(Z|UTC|GMT|[-+]\d\d:?\d\d)$"
_AFTER_TIME = r":\d\d(?:\.\d+)?\s*(?:Z|UTC|GMT|[-+]\d\d:?\d\d)$"
_PLACE = re.compile(r"(UTC|[A-Z][A-Za-z_]+/[A-Za-z_/+-]+)")
_SAMPLE = 200


@dataclass(frozen=True, slots=True)
class Times:
    """Wall-clock times, microseconds, without zone; null where a cell cannot be read."""

    values: pl.Series
    remarks: tuple[Remark, ...] = ()


def times_of(column: pl.Series, spec: ColumnSpec) -> Times:
    """Return the times of a text column.

    Args:
        column: cells in text.
        spec: `format` as in strftime; without it the ISO form that most cells have. A `unit` that is a time zone's name, such as
            Europe/Paris, tells which times there never were.

    Returns:
        Where cells carry a distance from UTC, their wall clock if most have the same one; the others are null.
    """
    found = _formatted(column, spec.format) if spec.format else _iso(column)
    return Times(_that_were(found.values, spec), found.remarks)


def _formatted(column: pl.Series, form: str) -> Times:
    # a date alone has no time of day to parse, so it takes the way over Date
    if form == _DATE or not re.search("%[HIMSTRXcsfpk]", form):
        return Times(column.str.to_date(form, strict=False).cast(pl.Datetime("us")))
    values = column.str.to_datetime(form, time_unit="us", strict=False, cache=False)
    if getattr(values.dtype, "time_zone", None):
        return Times(values.dt.replace_time_zone(None), (Remark("times were turned into UTC", f'"{shown(column.name)}"'),))
    return Times(values)


def _iso(column: pl.Series) -> Times:
    filled = column.drop_nulls()
    sample = filled.gather_every(max(1, len(filled) // _SAMPLE))
    if sample.str.contains(_AFTER_TIME).sum() * 2 > len(sample):
        return _of_one_zone(column)
    return _formatted(column, _usual_form(sample))


def _usual_form(sample: pl.Series) -> str:
    """Return the form that most cells have; the rule behind it: a file is written in one way."""
    if sample.is_empty():
        return _ISO[0]
    readable = {form: len(sample) - sample.str.to_datetime(form, strict=False).null_count() for form in _ISO}
    form = max(readable, key=lambda one: readable[one])
    dates = len(sample) - sample.str.to_date(_DATE, strict=False).null_count()
    return form if readable[form] >= dates and readable[form] else _DATE


def _of_one_zone(column: pl.Series) -> Times:
    offsets = column.str.extract(_OFFSET).replace({"UTC": "Z", "GMT": "Z", "+00:00": "Z", "+0000": "Z"})
    usual = str(offsets.drop_nulls().mode().sort()[0])
    same = pl.DataFrame([column.alias("cell"), offsets.alias("offset")])
    bare = (
        same.select(pl.when(pl.col("offset") == usual).then(pl.col("cell").str.replace(_OFFSET, ""))).to_series().alias(column.name)
    )
    found = _iso(bare)
    zone = "UTC" if usual == "Z" else f"UTC{usual}"
    return Times(found.values, (*found.remarks, Remark("times are the wall clock of their zone", f'"{shown(column.name)}" {zone}')))


def _that_were(values: pl.Series, spec: ColumnSpec) -> pl.Series:
    """Return times without those that a clock set forward left out."""
    if not _PLACE.fullmatch(spec.unit):
        return values
    try:
        there = values.dt.replace_time_zone(spec.unit, ambiguous="earliest", non_existent="null")
    except pl.exceptions.PolarsError:  # no zone of that name is known
        return values
    return there.dt.replace_time_zone(None)
