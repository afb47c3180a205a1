import builtins
import io
import zipfile
from pathlib import Path

import httpx
import polars as pl
import pytest

from steward.core.errors import EnvironmentFault, UsageError
from steward.core.progress import Silent
from steward.data.lookup import find_lookup, zone_centroids
from steward.project.sources import LookupSpec

SPEC = LookupSpec(files=("taxi/zones.zip",), url="https://example.org/zones.zip", joins={"zone": "zone"})
FEET = (
    'PROJCS["x",GEOGCS["Sphere",DATUM["Sphere",SPHEROID["Sphere",6378137.0,0.0]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]],PROJECTION["Plate_Carree"],PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],'
    'PARAMETER["Central_Meridian",0.0],UNIT["Meter",1.0]]'
)
# Everywhere on that sphere; an ellipsoid in this projection means different things to different releases of PROJ.
DEGREE_M = 111_319.490793


def square(x: float, y: float) -> list[list[float]]:
    corners = [(0, 0), (0, 1), (1, 1), (1, 0), (0, 0)]
    return [[(x + dx) * DEGREE_M, (y + dy) * DEGREE_M] for dx, dy in corners]


@pytest.fixture
def zones(tmp_path: Path) -> Path:
    """Zone 2 at (0.5, 0.5), zone 1 drawn twice, at (10.5, 20.5) and (12.5, 20.5); leftovers of macOS before them."""
    shapefile = pytest.importorskip("shapefile", reason="the extra steward[geo] is not installed")
    pytest.importorskip("pyproj", reason="the extra steward[geo] is not installed")
    shp, shx, dbf = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with shapefile.Writer(shp=shp, shx=shx, dbf=dbf, shapeType=shapefile.POLYGON) as writer:
        writer.field("LocationID", "N", 9, 0)
        for zone, x, y in ((2, 0, 0), (1, 10, 20), (1, 12, 20)):
            writer.poly([square(x, y)])
            writer.record(zone)
    path = tmp_path / "zones.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__MACOSX/._zones.shp", b"rubbish")
        for suffix, content in ((".shp", shp.getvalue()), (".dbf", dbf.getvalue()), (".prj", FEET.encode())):
            archive.writestr(f"zones/zones{suffix}", content)
    return path


def test_each_zone_has_one_centre_in_degrees(zones: Path) -> None:
    table = zone_centroids(zones, "LocationID")
    assert table.schema == {"LocationID": pl.Int64, "lon": pl.Float64, "lat": pl.Float64}
    assert table.rows() == [(1, pytest.approx(11.5), pytest.approx(20.5)), (2, pytest.approx(0.5), pytest.approx(0.5))]


def test_a_wrong_key_and_a_wrong_file_are_refused(zones: Path, tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no zip")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing here")
    for path, key in ((zones, "Zone"), (tmp_path / "text.zip", "LocationID"), (tmp_path / "empty.zip", "LocationID")):
        with pytest.raises(UsageError) as caught:
            zone_centroids(path, key)
        assert caught.value.faults[0].code == "DATA-028"


def test_without_the_extra_the_command_to_install_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name == "shapefile":
            raise ImportError(name)
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(EnvironmentFault, match=r"pip install 'steward\[geo\]'"):
        zone_centroids(tmp_path / "zones.zip", "LocationID")


def test_a_lookup_comes_from_the_folder_or_is_not_to_be_had(tmp_path: Path) -> None:
    def find(folder: Path | None) -> Path | None:
        return find_lookup(SPEC, folder, tmp_path / "cache", offline=True, progress=Silent())

    assert find(None) is None
    assert find(tmp_path) is None
    (tmp_path / "taxi").mkdir()
    (tmp_path / "taxi/zones.zip").write_bytes(b"x")
    assert find(tmp_path) == tmp_path / "taxi/zones.zip"


def test_a_lookup_nobody_publishes_any_more_is_not_to_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = httpx.MockTransport(lambda _: httpx.Response(404))
    real = httpx.Client
    monkeypatch.setattr(httpx, "Client", lambda **more: real(**{**more, "transport": gone}))
    assert find_lookup(SPEC, None, tmp_path, offline=False, progress=Silent()) is None
