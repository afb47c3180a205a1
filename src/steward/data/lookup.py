"""What else is known about a code in the rows - where on the map does a zone lie?"""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from steward.core.errors import EnvironmentFault, Fault, UsageError
from steward.core.progress import Progress
from steward.data.fetch import NotPublished, Unreachable, fetch
from steward.data.locate import first_match
from steward.project.sources import LookupSpec

_MAX_MEMBER_BYTES = 256 << 20
_WGS84 = 4326


def find_lookup(spec: LookupSpec, folder: Path | None, cache: Path, *, offline: bool, progress: Progress) -> Path | None:
    """Return a lookup's file, from the user's folder or the publisher; None where neither has it.

    Raises:
        EnvironmentFault: DATA-021 a download broke off, DATA-022 it is not the file that was declared.
        UsageError: DATA-023, DATA-024 as in `steward.data.locate`.
    """
    path = None if folder is None else first_match(folder, spec.files)
    if path is not None or spec.url is None:
        return path
    try:
        return fetch(spec.url, cache, sha256=spec.sha256, progress=progress, offline=offline)
    except (NotPublished, Unreachable):
        return None


def zone_centroids(path: Path, key: str) -> pl.DataFrame:
    """Return the centre of each zone of a zipped shapefile.

    Args:
        path: the zip; leftovers of macOS in it are passed over.
        key: the shapefile's column that numbers the zones.

    Returns:
        `key` (Int64), `lon` and `lat` (degrees, WGS 84), one row a zone, sorted by `key`. The centroid is computed in the
        shapefile's own plane; zones drawn in several records have the mean of these.

    Raises:
        EnvironmentFault: DATA-027 the libraries for maps are not installed.
        UsageError: DATA-028 the file is not a zipped shapefile with this column.
    """
    try:
        import pyproj
        import shapefile
    except ImportError as error:
        what = "reading a shapefile needs pyshp and pyproj"
        raise EnvironmentFault(Fault("DATA-027", what, (str(path),), fix="pip install 'steward[geo]'")) from error
    members = _members(path)
    try:
        reader = shapefile.Reader(shp=io.BytesIO(members[".shp"]), dbf=io.BytesIO(members[".dbf"]))
        plane = pyproj.CRS.from_wkt(members[".prj"].decode())
        zones = [int(record[key]) for record in reader.iterRecords(fields=[key])]
        centres = np.array([_centre(shape.points, shape.parts) for shape in reader.iterShapes()])
    except (shapefile.ShapefileException, pyproj.exceptions.CRSError, ValueError, IndexError, KeyError) as error:
        raise _broken(path, f"{type(error).__name__}: {error}") from error
    to_degrees = pyproj.Transformer.from_crs(plane, _WGS84, always_xy=True)
    lon, lat = to_degrees.transform(centres[:, 0], centres[:, 1])
    table = pl.DataFrame({key: zones, "lon": lon, "lat": lat}, schema={key: pl.Int64, "lon": pl.Float64, "lat": pl.Float64})
    return table.group_by(key).mean().sort(key)


def _centre(points: Sequence[tuple[float, float]], parts: Sequence[int]) -> tuple[float, float]:
    """Return the centroid of a polygon with its holes, in the plane's own unit.

    A ring's signed area and centroid by the shoelace formula; outer rings run clockwise and holes the other way in a
    shapefile, so that signed areas subtract the holes by themselves. ESRI, *Shapefile Technical Description* (1998).
    """
    corners = np.asarray(points, dtype=np.float64)
    origin = corners[0]  # large coordinates of small zones would lose digits
    x, y = (corners - origin).T
    cross = x[:-1] * y[1:] - x[1:] * y[:-1]
    cross[np.asarray(parts[1:], dtype=np.int64) - 1] = 0.0  # no edge leads from one ring to the next
    doubled = cross.sum()
    centre = [float((cross * (axis[:-1] + axis[1:])).sum() / (3 * doubled)) for axis in (x, y)]
    return centre[0] + float(origin[0]), centre[1] + float(origin[1])


def _members(path: Path) -> dict[str, bytes]:
    """Return the parts of the first shapefile in a zip by their ending; nothing is unpacked to disk."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [i for i in archive.infolist() if not i.filename.startswith("__MACOSX") and i.file_size <= _MAX_MEMBER_BYTES]
            stem = next((i.filename[:-4] for i in infos if i.filename.lower().endswith(".shp")), None)
            found = {i.filename[-4:].lower(): archive.read(i) for i in infos if stem is not None and i.filename[:-4] == stem}
    except (zipfile.BadZipFile, OSError) as error:
        raise _broken(path, str(error)) from error
    absent = {".shp", ".dbf", ".prj"} - found.keys()
    if absent:
        raise _broken(path, f"it has no {', '.join(sorted(absent))}")
    return found


def _broken(path: Path, why: str) -> UsageError:
    fix = "fetch it again, or check the lookup's key in project.yaml"
    return UsageError(Fault("DATA-028", "this is not a zipped shapefile with the declared key", (str(path),), why, fix))
