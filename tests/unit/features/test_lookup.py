import narwhals as nw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.core.errors import UsageError
from steward.features.lookup import Lookup

few = st.integers(0, 9)
many = st.integers(-(10**12), 10**12)
CODES = {"small": few, "large": many, "text": st.sampled_from(["a", "b", "", "Ünter"])}


@pytest.mark.parametrize("kind", CODES)
@settings(max_examples=40)
@given(data=st.data())
def test_a_lookup_gives_what_a_left_join_gives_on_every_engine(kind: str, data: st.DataObject) -> None:
    dtype = pl.String if kind == "text" else pl.Int64
    keys = data.draw(st.lists(CODES[kind], unique=True, max_size=6))
    known = st.sampled_from(keys) if keys else st.none()
    codes = data.draw(st.lists(st.none() | CODES[kind] | known, max_size=12))
    values = data.draw(st.lists(st.none() | st.floats(-90, 90), min_size=len(keys), max_size=len(keys)))
    table = pl.DataFrame({"id": [*keys, None], "lat": [*values, 1.0]}, schema={"id": dtype, "lat": pl.Float64})
    rows = pl.DataFrame({"zone": codes}, schema={"zone": dtype})

    lookup = Lookup("zones", table, ("id",), ("zone",), {"zone_lat": "lat"})
    joined = rows.join(
        table.drop_nulls("id").rename({"lat": "zone_lat"}), left_on="zone", right_on="id", how="left", maintain_order="left"
    )
    assert rows.with_columns(*lookup.polars().values()).equals(joined)
    assert nw.from_native(rows).with_columns(*lookup.narwhals().values()).to_native().equals(joined)
    arrow = nw.from_native(rows.to_arrow()).with_columns(*lookup.narwhals().values())
    assert arrow["zone_lat"].to_list() == joined["zone_lat"].to_list()


def test_a_key_that_stands_twice_is_refused_because_rows_would_double() -> None:
    table = pl.DataFrame({"id": [1, 2, 2], "lat": [0.0, 1.0, 2.0]})
    with pytest.raises(UsageError, match="lookup 'zones' holds id more than once in 2 rows"):
        Lookup("zones", table, ("id",), ("zone",), {"zone_lat": "lat"})


def test_a_column_that_the_table_lacks_is_refused() -> None:
    table = pl.DataFrame({"id": [1], "lat": [0.0]})
    with pytest.raises(UsageError, match="did you mean 'lat'"):
        Lookup("zones", table, ("id",), ("zone",), {"zone_lat": "lats"})
