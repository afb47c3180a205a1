from pathlib import Path

import pytest

from steward.core.errors import UsageError
from steward.features.source import features_of, load_features

SOURCE = '''
from math import tau

from steward.features.column import Column, sin_cycle


def _half(x: Column) -> Column:
    return x / 2


def half_day(hour: Column) -> Column:
    """Share of a day's half.

    More of it.
    """
    return _half(hour) / 6


def cycle(hour: Column, half_day: Column) -> Column:
    return sin_cycle(hour, 24) * half_day
'''


def written(folder: Path, source: str) -> Path:
    path = folder / "features.py"
    path.write_text(source)
    return path


def test_public_functions_are_features_and_their_parameters_are_what_they_read(tmp_path: Path) -> None:
    path = written(tmp_path, SOURCE)
    features = load_features(path)
    assert list(features) == ["half_day", "cycle"]  # not what is imported, not what is private
    assert features["cycle"].reads == ("hour", "half_day")
    assert features["half_day"].doc.startswith("Share of a day's half.")
    assert features["half_day"].place == f"{path}:11"


def test_reading_features_leaves_nothing_behind(tmp_path: Path) -> None:
    load_features(written(tmp_path, SOURCE))
    assert [path.name for path in tmp_path.iterdir()] == ["features.py"]


def test_two_files_of_one_name_do_not_meet(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = load_features(written(tmp_path / "a", "def one(x):\n    return x\n"))
    two = load_features(written(tmp_path / "b", "def two(x):\n    return x\n"))
    assert (list(one), list(two)) == (["one"], ["two"])


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        ("x = 1\nraise ValueError('no sun')\n", "features do not run: ValueError: no sun", 2),
        ("def f(x):\n  return x +\n", "features do not run: SyntaxError", 2),
        ("\nimport there_is_no_such_thing\n", "features do not run: ModuleNotFoundError", 2),
        ("def f(*columns):\n    return columns\n", "feature 'f' does not say which columns it reads", 1),
        ("def f(x, y=1):\n    return x\n", "feature 'f' does not say which columns it reads", 1),
        ("def f():\n    return 1\n", "feature 'f' does not say which columns it reads", 1),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(source: str, message: str, line: int) -> None:
    with pytest.raises(UsageError) as caught:
        features_of(source.encode(), "features.py")
    (fault,) = caught.value.faults
    assert fault.what.startswith(message)
    assert fault.where == (f"features.py:{line}",)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="FEAT-005"):
        load_features(tmp_path / "features.py")
