"""How do a driver's values become columns that lose nothing: integers beside nulls, decimals, times with their zone?

A database says little about the types of a query's columns, and SQLite nothing; the values themselves say it exactly.
Each batch is kept in the types its values have; when all are here each column gets the one type that holds all of them,
or a clear refusal.
"""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from steward.core.errors import Fault, UsageError

_NOTHING = type(None)
_PLAIN = frozenset({"bool", "int", "float", "str", "bytes", "memoryview", "Decimal", "datetime", "date", "time", "timedelta"})
_ALIKE = (frozenset({"int", "float"}), frozenset({"int", "Decimal"}), frozenset({"bytes", "memoryview"}))
_NESTED = frozenset({"dict", "list", "tuple", "set"})
_DIGITS, _INT_DIGITS = 38, 19  # what Decimal128 holds, and an integer of 64 bits needs at most
_SAFE_DIGITS = 18  # integers of so many digits surely fit 64 bits


def to_batch(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.RecordBatch:
    """Return some rows as columns in the narrowest exact types of their values.

    Raises:
        UsageError: DATA-096 a column mixes kinds, holds lists or objects, or numbers no table can hold.
    """
    columns = zip(*rows, strict=True)
    return pa.RecordBatch.from_arrays([_array(name, values) for name, values in zip(names, columns, strict=True)], list(names))


def write_unified(parts: Sequence[Path], path: Path) -> None:
    """Write batches, one an Arrow file, as one Parquet file in the types that hold all of them.

    Raises:
        UsageError: DATA-096 a column's batches cannot be brought together without loss.
    """
    schemas = [pa.ipc.open_file(part).schema for part in parts]
    names = schemas[0].names
    schema = pa.schema([(name, _common(name, [one.field(name).type for one in schemas])) for name in names])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for part in parts:
            with pa.memory_map(str(part)) as file:
                batch = pa.ipc.open_file(file).get_batch(0)
            columns = [_cast(name, column, schema.field(name).type) for name, column in zip(names, batch.columns, strict=True)]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def _array(name: str, values: tuple[Any, ...]) -> pa.Array:
    kinds = frozenset(kind.__name__ for kind in set(map(type, values)) - {_NOTHING})
    if kinds & _NESTED:
        raise _inexact(name, "lists or objects", "select the part you need, or cast it to text in the query")
    if len(kinds) > 1 and kinds not in _ALIKE:
        raise _mixed(name, kinds)
    if kinds and not kinds <= _PLAIN and len(kinds) == 1:  # an address, an identifier, a range: its text is what people know
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    try:
        return pa.array(values)
    except OverflowError:  # an integer beyond 64 bits
        return _array(name, tuple(Decimal(value) if isinstance(value, int) else value for value in values))
    except pa.ArrowException as error:
        raise _inexact(name, "a number that no table holds exactly", "cast the column in the query", str(error)) from error


def _common(name: str, types: Sequence[pa.DataType]) -> pa.DataType:
    """Return the one type that holds a column's batches; null where no batch has a value."""
    found = {one for one in types if not pa.types.is_null(one)}
    if not found:
        return pa.null()
    if any(pa.types.is_decimal(one) for one in found):
        return _common_decimal(name, found)
    if len(found) == 1:
        return found.pop()
    if found == {pa.int64(), pa.float64()}:
        return pa.float64()
    raise _mixed(name, {str(one) for one in found})


def _common_decimal(name: str, types: set[pa.DataType]) -> pa.DataType:
    if not all(pa.types.is_decimal(one) or pa.types.is_int64(one) for one in types):
        raise _mixed(name, {str(one) for one in types})
    sizes = [(one.precision - one.scale, one.scale) if pa.types.is_decimal(one) else (_INT_DIGITS, 0) for one in types]
    whole, scale = max(whole for whole, _ in sizes), max(scale for _, scale in sizes)
    if whole + scale > _DIGITS:
        raise _inexact(name, f"decimals of more than {_DIGITS} digits", "round them in the query")
    # Sums and counts come as decimals without a fraction; people mean an integer.
    return pa.int64() if not scale and whole <= _SAFE_DIGITS else pa.decimal128(whole + scale, scale)


def _cast(name: str, column: pa.Array, to: pa.DataType) -> pa.Array:
    try:
        return column if column.type == to else column.cast(to)
    except pa.ArrowException as error:
        raise _inexact(name, "a number that no table holds exactly", "cast the column in the query", str(error)) from error


def _mixed(name: str, kinds: "set[str] | frozenset[str]") -> UsageError:
    return _inexact(
        name, f"values of several kinds ({', '.join(sorted(kinds))})", f"write  CAST({name} AS ...) AS {name}  in the query"
    )


def _inexact(name: str, what: str, fix: str, why: str = "") -> UsageError:
    return UsageError(Fault("DATA-096", f"the column {name!r} of the query holds {what}", ("source.sql",), why, fix))
