"""Which rows repeat an earlier row?

Rows are hashed and the hashes sorted: where no two are equal - the usual case - nothing repeats, and that
is known several times sooner than by comparing rows. Only rows that share a hash are compared value by
value, so two different rows are never taken for one.
"""

from collections.abc import Sequence

import polars as pl


def repeated_rows(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Return a boolean mask, as long as the frame: true on every row whose values stood in an earlier row.

    Two nulls are equal here, and so are two NaN; of each group the first row in order stays false.

    >>> repeated_rows(pl.DataFrame({"id": [1, 2, 1, 1]}), ["id"]).to_list()
    [False, False, True, True]
    """
    keys = frame.select(columns)
    hashes = keys.hash_rows()
    shared = _shared(hashes)
    if shared.is_empty():
        return pl.repeat(value=False, n=frame.height, dtype=pl.Boolean, eager=True)
    suspects = hashes.is_in(shared.implode())
    return suspects.scatter(_firsts(keys.filter(suspects), suspects.arg_true()), values=False)


def _shared(hashes: pl.Series) -> pl.Series:
    """Return the hashes that stand more than once; sorting finds them sooner than a hash table."""
    ordered = hashes.sort()
    return ordered.filter(ordered == ordered.shift(1)).unique()


def _firsts(keys: pl.DataFrame, positions: pl.Series) -> pl.Series:
    """Return the positions of the rows that stand first among their equals."""
    keys.columns = [str(number) for number in range(keys.width)]  # so that no column can be called "position"
    numbered = keys.with_columns(positions.alias("position"))
    return numbered.unique(subset=keys.columns, keep="first")["position"]


def conflicting_rows(frame: pl.DataFrame, key: Sequence[str], column: str) -> pl.Series:
    """Return a boolean mask: true on every row whose key stands elsewhere with another value in the column.

    A row with an empty cell in the key, or in the column itself, contradicts nobody.

    >>> conflicting_rows(pl.DataFrame({"id": [1, 1, 2, 2], "y": [0, 1, 1, 1]}), ["id"], "y").to_list()
    [True, True, False, False]
    """
    rows = frame.select(*key, column)
    hashes = rows.select(key).hash_rows()
    shared = _shared(hashes)
    mask = pl.repeat(value=False, n=frame.height, dtype=pl.Boolean, eager=True)
    if shared.is_empty():
        return mask
    suspects = hashes.is_in(shared.implode()).arg_true()
    value = pl.col(column).fill_nan(None) if rows.schema[column].is_float() else pl.col(column)
    differ = (value.drop_nulls().n_unique().over(*key) > 1) & pl.all_horizontal(pl.col(*key).is_not_null(), value.is_not_null())
    return mask.scatter(suspects, rows[suspects].select(differ).to_series())
