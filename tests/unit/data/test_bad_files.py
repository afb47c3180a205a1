"""Every case of the catalogue does what its letter says."""

from pathlib import Path

import polars as pl
import pytest
import yaml
from tests import bad_files
from tests.bad_files import CASES, ROWS, Case

from steward.core.errors import StewardError
from steward.data.convert import DTYPES
from steward.data.read import read_table
from steward.project.dictionary import DictionarySpec

DOCS = Path(__file__).parents[3] / "docs/bad_input.md"


@pytest.fixture(scope="module")
def dictionary() -> DictionarySpec:
    return DictionarySpec.model_validate(yaml.safe_load(bad_files.DICTIONARY))


READ = [case for case in CASES if case.code != "DATA-024"]


@pytest.mark.parametrize("case", READ, ids=lambda case: case.name)
def test_a_case_does_what_its_letter_says(case: Case, tmp_path: Path, dictionary: DictionarySpec) -> None:
    path = bad_files.write_case(case, tmp_path / "data")
    if case.letter == "R":
        with pytest.raises(StewardError) as caught:
            read_table(path, dictionary)
        fault = caught.value.faults[0]
        assert (fault.code, caught.value.exit_code) == (case.code, 2)
        assert fault.fix
        assert case.file in fault.where[0]
        assert case.says in str(caught.value)
        return
    read = read_table(path, dictionary)
    assert dict(read.frame.schema) == {name: DTYPES[spec.type] for name, spec in dictionary.columns.items()}
    assert (read.frame.height, read.apart.height) == (ROWS - case.apart, case.apart)
    assert case.says in " | ".join(read.notes)
    assert bool(read.notes) == bool(case.says)
    assert not read.apart.null_count().sum_horizontal().sum()
    if case.same:
        assert read.frame.equals(plain(tmp_path, dictionary))


def plain(folder: Path, dictionary: DictionarySpec) -> pl.DataFrame:
    (folder / "plain.csv").write_text(bad_files.text())
    return read_table(folder / "plain.csv", dictionary).frame


def test_the_documented_table_is_the_tested_one() -> None:
    assert bad_files.markdown() in DOCS.read_text()


def test_no_case_is_told_twice() -> None:
    names = [(case.group, case.name) for case in (*CASES, *bad_files.ELSEWHERE)]
    assert len(names) == len(set(names))
    assert {case.group for case in CASES} <= set(bad_files.GROUPS)
