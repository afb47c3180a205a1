import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from steward.core.errors import EnvironmentFault, Fault, UsageError
from steward.data.fetch import NotPublished, Unreachable
from steward.data.locate import Located, Remote, Sources, gather, locate
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


def find(period: str, folder: Path | None) -> Located | None:
    return locate(SPEC.files, SPEC, period, folder)


class Publisher:
    """Addresses that a pretended publisher has, with the checksum that was asked for; any other is not published."""

    def __init__(self, cache: Path) -> None:
        self.have: dict[str, str | None] = {}
        self.cache = cache

    def fetch(self, url: str, sha256: str | None) -> Path:
        if not self.have:
            raise Unreachable(Fault("DATA-021", "no server answered"))
        if url not in self.have:
            raise NotPublished(Fault("DATA-021", "not there"))
        self.have[url] = sha256
        return put(self.cache, "fetched.parquet") / "fetched.parquet"


@pytest.fixture
def published(tmp_path: Path) -> Publisher:
    return Publisher(tmp_path / "cache")


@pytest.fixture
def collect(published: Publisher, tmp_path: Path) -> Callable[..., Sources]:
    def simulate(period: str) -> Path:
        return put(tmp_path / "made", f"{period}.parquet") / f"{period}.parquet"

    def gathered(periods: list[str], folder: Path | None, *, simulator: bool = True, spec: SourceSpec = SPEC) -> Sources:
        return gather(spec, periods, folder, Remote(fetch=published.fetch, simulate=simulate if simulator else None))

    return gathered


def test_the_first_pattern_that_matches_wins(tmp_path: Path) -> None:
    put(tmp_path, "green/trips_2023-01.parquet", "green/b_2023-01.csv", "green/b_2023-02.csv", "green/a_2023-02.csv")
    assert find("2023-01", tmp_path) == Located(tmp_path / "green/trips_2023-01.parquet", whole=False)
    assert find("2023-02", tmp_path) == Located(tmp_path / "green/a_2023-02.csv", whole=False)
    assert find("2023-03", tmp_path) is None
    assert find("2023-01", None) is None


def test_a_link_out_of_the_folder_is_refused_and_one_inside_is_not(tmp_path: Path) -> None:
    folder = put(tmp_path / "data", "green/real.parquet")
    (folder / "green/trips_2023-01.parquet").symlink_to(folder / "green/real.parquet")
    (folder / "green/trips_2023-02.parquet").symlink_to(put(tmp_path, "secret") / "secret")
    assert find("2023-01", folder) is not None
    with pytest.raises(UsageError) as caught:
        find("2023-02", folder)
    assert caught.value.faults[0].code == "DATA-024"


@pytest.mark.parametrize("pattern", ["../secret", "{up}/secret", "/etc/hostname"])
def test_a_pattern_may_not_climb_out_of_the_folder(tmp_path: Path, pattern: str) -> None:
    put(tmp_path, "secret")
    folder = put(tmp_path / "data", "x")
    with pytest.raises(UsageError) as caught:
        locate((pattern,), SourceSpec(variables={"up": ".."}), "2023-01", folder)
    assert caught.value.faults[0].code == "DATA-024"


def test_a_folder_that_is_not_there_and_an_unknown_variable_are_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="DATA-023"):
        find("2023-01", tmp_path / "none")
    with pytest.raises(UsageError, match="did you mean 'period'") as caught:
        locate(("{perod}.csv",), SourceSpec(), "2023-01", tmp_path)
    assert caught.value.faults[0].code == "DATA-026"


Collect = Callable[..., Sources]


def test_months_come_from_the_folder_first_then_from_the_publisher(tmp_path: Path, published: Publisher, collect: Collect) -> None:
    folder = put(tmp_path / "data", "green/trips_2023-01.parquet")
    published.have["https://example.org/green_2023-02.parquet"] = None
    sources = collect(["2023-02", "2023-01"], folder)
    assert [(file.period, file.origin) for file in sources.files] == [("2023-02", "url"), ("2023-01", "folder")]
    assert sources.origin == "url"
    assert published.have == {"https://example.org/green_2023-02.parquet": "ab" * 32}
    [_, found] = sources.files
    content = b"green/trips_2023-01.parquet"
    assert (found.sha256, found.bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    assert found.detail == "green/trips_2023-01.parquet"


def test_where_no_month_is_found_all_are_simulated(collect: Collect) -> None:
    sources = collect(["2023-01", "2023-02"], None)
    assert {file.origin for file in sources.files} == {"simulated"} == {sources.origin}
    assert sources.files[0].detail == "scenario none, seed 7, 20,000 rows asked for"


@pytest.mark.parametrize("simulator", [True, False])
def test_real_months_are_never_filled_up_with_simulated_ones(
    tmp_path: Path, published: Publisher, collect: Collect, *, simulator: bool
) -> None:
    published.have["https://example.org/other.parquet"] = None
    folder = put(tmp_path / "data", "green/trips_2023-01.parquet")
    with pytest.raises(EnvironmentFault) as caught:
        collect(["2023-01", "2023-02", "2023-03"], folder, simulator=simulator)
    [fault] = caught.value.faults
    assert (fault.code, fault.what) == ("DATA-020", "no data for 2023-02, 2023-03, though 2023-01 is there")
    assert "2023-02: not there" in fault.why


def test_without_data_and_without_a_simulator_there_is_nothing(tmp_path: Path, collect: Collect) -> None:
    with pytest.raises(EnvironmentFault, match="DATA-020"):
        collect(["2023-01"], None, simulator=False)
    assert list(tmp_path.iterdir()) == []


TABLES = SourceSpec.model_validate(
    {
        "tables": {
            "users": {"files": ["users_{period}.csv"], "url": "https://example.org/users_{period}.csv"},
            "places": {"files": ["places.csv"], "url": "https://example.org/places_{period}.csv", "on": ["accident"]},
        }
    }
)


def test_several_tables_are_found_together_or_not_at_all(tmp_path: Path, published: Publisher, collect: Collect) -> None:
    folder = put(tmp_path / "data", "users_2016.csv")
    published.have |= {"https://example.org/users_2016.csv": None, "https://example.org/places_2016.csv": None}
    fetched = collect(["2016"], folder, spec=TABLES).files
    assert [(file.table, file.origin, file.whole) for file in fetched] == [("users", "url", False), ("places", "url", False)]
    put(folder, "places.csv")
    there = collect(["2016"], folder, spec=TABLES).files
    assert [(file.table, file.origin, file.whole) for file in there] == [("users", "folder", False), ("places", "folder", True)]


def test_a_database_is_asked_before_the_publisher_and_an_archive_is_opened(tmp_path: Path) -> None:
    spec = SourceSpec.model_validate({"sql": {"connection": "${TRIPS}", "table": "trips"}, "files": ["{period}.zip"]})
    folder = put(tmp_path / "data", "2023-01.zip", "inside.csv")
    remote = Remote(
        query=lambda period: put(tmp_path, f"{period}.parquet") / f"{period}.parquet", unpack=lambda _: folder / "inside.csv"
    )
    first, second = gather(spec, ["2023-01", "2023-02"], folder, remote).files
    assert (first.origin, first.path.name, first.detail) == ("folder", "inside.csv", "2023-01.zip")
    assert (second.origin, second.path.name, second.detail) == ("sql", "2023-02.parquet", "trips")
