import hashlib
from pathlib import Path

import pytest

from steward.core.errors import EnvironmentFault, Fault, UsageError
from steward.core.progress import Silent
from steward.data import locate as module
from steward.data.fetch import NotPublished, Unreachable
from steward.data.locate import Sources, gather, locate
from steward.project.sources import SourceSpec

SPEC = SourceSpec(
    files=("{colour}/trips_{period}.parquet", "{colour}/*{period}.csv"),
    url="https://example.org/{colour}_{period}.parquet",
    variables={"colour": "green"},
    sha256={"green_2023-02.parquet": "ab" * 32},
)


def put(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str | None]:
    """URLs that a pretended publisher has, with the checksum that was asked for; any other is not published."""
    have: dict[str, str | None] = {}

    def fetch(url: str, into: Path, *, sha256: str | None, progress: object, offline: bool) -> Path:
        assert progress is not None
        if offline or not have:
            raise Unreachable(Fault("DATA-021", "no server answered"))
        if url not in have:
            raise NotPublished(Fault("DATA-021", "not there"))
        have[url] = sha256
        return put(into, "fetched.parquet") / "fetched.parquet"

    monkeypatch.setattr(module, "fetch", fetch)
    monkeypatch.chdir(tmp_path)
    return have


def collect(periods: list[str], folder: Path | None, *, simulator: bool = True, offline: bool = False) -> Sources:
    def simulate(period: str) -> Path:
        return put(Path("made"), f"{period}.parquet") / f"{period}.parquet"

    return gather(SPEC, periods, folder, Path("cache"), simulate if simulator else None, offline=offline, progress=Silent())


def test_the_first_pattern_that_matches_wins(tmp_path: Path) -> None:
    put(tmp_path, "green/trips_2023-01.parquet", "green/b_2023-01.csv", "green/b_2023-02.csv", "green/a_2023-02.csv")
    assert locate(SPEC, "2023-01", tmp_path) == tmp_path / "green/trips_2023-01.parquet"
    assert locate(SPEC, "2023-02", tmp_path) == tmp_path / "green/a_2023-02.csv"
    assert locate(SPEC, "2023-03", tmp_path) is None
    assert locate(SPEC, "2023-01", None) is None


def test_a_link_out_of_the_folder_is_refused_and_one_inside_is_not(tmp_path: Path) -> None:
    folder = put(tmp_path / "data", "green/real.parquet")
    (folder / "green/trips_2023-01.parquet").symlink_to(folder / "green/real.parquet")
    (folder / "green/trips_2023-02.parquet").symlink_to(put(tmp_path, "secret") / "secret")
    assert locate(SPEC, "2023-01", folder) is not None
    with pytest.raises(UsageError) as caught:
        locate(SPEC, "2023-02", folder)
    assert caught.value.faults[0].code == "DATA-024"


@pytest.mark.parametrize("pattern", ["../secret", "{up}/secret", "/etc/hostname"])
def test_a_pattern_may_not_climb_out_of_the_folder(tmp_path: Path, pattern: str) -> None:
    put(tmp_path, "secret")
    folder = put(tmp_path / "data", "x")
    with pytest.raises(UsageError) as caught:
        locate(SourceSpec(files=(pattern,), variables={"up": ".."}), "2023-01", folder)
    assert caught.value.faults[0].code == "DATA-024"


def test_a_folder_that_is_not_there_and_an_unknown_variable_are_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="DATA-023"):
        locate(SPEC, "2023-01", tmp_path / "none")
    with pytest.raises(UsageError, match="did you mean 'period'") as caught:
        locate(SourceSpec(files=("{perod}.csv",)), "2023-01", tmp_path)
    assert caught.value.faults[0].code == "DATA-026"


def test_months_come_from_the_folder_first_then_from_the_publisher(tmp_path: Path, published: dict[str, str | None]) -> None:
    folder = put(tmp_path / "data", "green/trips_2023-01.parquet")
    published["https://example.org/green_2023-02.parquet"] = None
    sources = collect(["2023-02", "2023-01"], folder)
    assert [(file.period, file.origin) for file in sources.files] == [("2023-02", "url"), ("2023-01", "folder")]
    assert sources.origin == "url"
    assert published == {"https://example.org/green_2023-02.parquet": "ab" * 32}
    [_, found] = sources.files
    content = b"green/trips_2023-01.parquet"
    assert (found.sha256, found.bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    assert found.detail == "green/trips_2023-01.parquet"


@pytest.mark.usefixtures("published")
def test_where_no_month_is_found_all_are_simulated() -> None:
    sources = collect(["2023-01", "2023-02"], None)
    assert {file.origin for file in sources.files} == {"simulated"} == {sources.origin}
    assert sources.files[0].detail == "scenario none, seed 7, 20,000 rows asked for"


@pytest.mark.parametrize("simulator", [True, False])
def test_real_months_are_never_filled_up_with_simulated_ones(
    tmp_path: Path, published: dict[str, str | None], *, simulator: bool
) -> None:
    published["https://example.org/other.parquet"] = None
    folder = put(tmp_path / "data", "green/trips_2023-01.parquet")
    with pytest.raises(EnvironmentFault) as caught:
        collect(["2023-01", "2023-02", "2023-03"], folder, simulator=simulator)
    [fault] = caught.value.faults
    assert (fault.code, fault.what) == ("DATA-020", "no data for 2023-02, 2023-03, though 2023-01 is there")
    assert "2023-02: not there" in fault.why


@pytest.mark.usefixtures("published")
def test_without_data_and_without_a_simulator_there_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="DATA-020"):
        collect(["2023-01"], None, simulator=False, offline=True)
    assert list(tmp_path.iterdir()) == []


def test_who_cannot_reach_the_publisher_does_not_wait_for_it_twice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    waits = []

    def fetch(_url: str, _into: Path, *, offline: bool, **_: object) -> Path:
        waits.append(offline)
        raise Unreachable(Fault("DATA-021", "no server answered"))

    monkeypatch.setattr(module, "fetch", fetch)
    monkeypatch.chdir(tmp_path)
    assert collect(["2023-01", "2023-02", "2023-03"], None).origin == "simulated"
    assert waits == [False, True, True]
