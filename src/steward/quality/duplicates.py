"""Which rows repeat an earlier row?

Rows are hashed first: where all hashes differ - the usual case - nothing repeats and that is known
several times sooner than by comparing rows. Only rows that share a hash are compared value by
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
    if hashes.n_unique() == keys.height:
        return pl.repeat(value=False, n=frame.height, dtype=pl.Boolean, eager=True)
    suspects = hashes.is_duplicated()
    positions = suspects.arg_true()
    repeats = ~keys.filter(suspects).select(pl.struct(columns).is_first_distinct()).to_series()
    return pl.repeat(value=False, n=frame.height, dtype=pl.Boolean, eager=True).scatter(positions.filter(repeats), values=True)
