"""Errors are grouped as worked out by hand; pictures are PNGs of a moderate size and have words."""

import re
import struct
import zlib
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from steward.reporting.contents import WindowLine
from steward.reporting.error_by_time import error_by_hour, error_over_time
from steward.reporting.pictures import importance_picture, test_pictures, windows_picture

PNG = b"\x89PNG\r\n\x1a\n"
START = datetime(2023, 3, 1, tzinfo=UTC)


def _times(*hours: float) -> pl.Series:
    return pl.Series([(START + timedelta(hours=hour)).replace(tzinfo=None) for hour in hours])


def _line(label: str, severity: float | None, *, alarm: bool = False) -> WindowLine:
    return WindowLine(label, severity, alarm, "ok", "", 0.5, "2026-01-01")


def _is_whole_png(png: bytes) -> bool:
    place, ends = len(PNG), False
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        content, (crc,) = png[place + 4 : place + 8 + length], struct.unpack(">I", png[place + 8 + length : place + 12 + length])
        if zlib.crc32(content) != crc:
            return False
        place, ends = place + 12 + length, content[:4] == b"IEND"
    return png.startswith(PNG) and ends


def test_errors_by_hour_are_those_of_the_hours_rows() -> None:
    # Hour 1: errors 3 and -4, rmse sqrt(12.5), bias -0.5. Hour 2: error 2.
    actual, predicted = np.array([10.0, 10.0, 10.0]), np.array([13.0, 6.0, 12.0])
    groups = error_by_hour("rmse", _times(1.5, 25.0, 2.0), actual, predicted)
    assert groups.labels == ("01", "02")
    assert groups.error == pytest.approx((12.5**0.5, 2.0))
    assert groups.bias == pytest.approx((-0.5, 2.0))
    assert groups.rows == (2, 1)
    assert (groups.worst, groups.best) == (0, 1)


@pytest.mark.parametrize(("days", "labels"), [(1, ("2023-03-01", "2023-03-02")), (120, ("2023-03", "2023-06"))])
def test_a_long_span_is_grouped_by_month(days: int, labels: tuple[str, ...]) -> None:
    groups = error_over_time("mae", _times(0, 24 * days), np.zeros(2), np.array([1.0, 3.0]))
    assert (groups.labels, groups.error) == (labels, (1.0, 3.0))


def test_three_pictures_of_the_test_rows_with_figures_in_words() -> None:
    rng = np.random.default_rng(7)
    actual = rng.gamma(2.0, 6.0, 20_000)
    predicted = actual + rng.normal(0, 4, 20_000)
    density, hourly, daily = test_pictures(_times(*rng.uniform(0, 700, 20_000)), actual, predicted, "rmse", "min")
    # Of a normal error of 4, half lies within 0.6745 * 4 = 2.7 and nine tenths within 1.645 * 4 = 6.58.
    within = [float(number) for number in re.findall(r"within ([\d.]+) min", density.caption)]
    assert within == pytest.approx([2.70, 6.58], rel=0.02)
    assert all(f"within {number} min" in density.alt for number in within)
    assert hourly.title == "Error by hour of day"
    assert daily.title == "Error by day"
    pictures = (density, hourly, daily)
    assert all(_is_whole_png(plot.png) and plot.alt for plot in pictures)
    assert sum(len(plot.png) for plot in pictures) * 4 / 3 < 250_000
    assert not any(b"http" in plot.png for plot in pictures)


def test_rows_without_a_time_and_rows_all_alike_are_drawn_too() -> None:
    (only,) = test_pictures(None, np.full(3, 5.0), np.full(3, 5.0), "mae", "")
    assert _is_whole_png(only.png)
    assert len(test_pictures(_times(1), np.array([5.0]), np.array([4.0]), "mae", "min")) == 3


def test_features_come_by_importance_and_hostile_names_are_only_drawn() -> None:
    (plot,) = importance_picture({"a$^{b$": 0.2, "<script>": 0.7, "名前": 0.1})
    assert plot.alt.endswith("<script> 70.0%, a$^{b$ 20.0%, 名前 10.0%.")
    assert _is_whole_png(plot.png)
    assert importance_picture({"hour": 0.0}) == ()
    (many,) = importance_picture({f"f{number}": 1 / 50 for number in range(50)})
    assert "30 more are not drawn" in many.caption


def test_windows_tell_severities_alarms_and_the_line() -> None:
    plot = windows_picture([_line("2024-01", 0.09), _line("2024-02", 0.8, alarm=True), _line("5 logged predictions", None)])
    assert plot is not None
    assert (
        plot.alt
        == "Bars of severity by window: 2024-01 0.09, 2024-02 0.80, 5 logged predictions unknown; the alarm line is at 0.5."
    )
    assert plot.caption.startswith("3 windows, 1 alarm.")
    assert _is_whole_png(plot.png)
    assert windows_picture([]) is None
