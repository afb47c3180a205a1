"""Which values of a column of categories are probably the same word, spelt in another way?

Two spellings are one word where they differ only by case, spaces at the ends or in a row, characters of no width,
compatible forms (full-width letters, ligatures) or letters of another alphabet that look alike.
"""

import polars as pl

_LOOK_ALIKE = {
    # Cyrillic
    "\u0430": "a", "\u0432": "b", "\u0435": "e", "\u0451": "\u00eb", "\u0456": "i", "\u0458": "j", "\u043a": "k", "\u043c": "m",
    "\u043d": "h", "\u043e": "o", "\u0440": "p", "\u0441": "c", "\u0455": "s", "\u0442": "t", "\u0443": "y", "\u0445": "x",
    "\u0501": "d", "\u051b": "q", "\u051d": "w", "\u04bb": "h",
    # Greek
    "\u03b1": "a", "\u03b2": "b", "\u03b5": "e", "\u03b6": "z", "\u03b7": "h", "\u03b9": "i", "\u03ba": "k", "\u03bc": "m",
    "\u03bd": "n", "\u03bf": "o", "\u03c1": "p", "\u03c4": "t", "\u03c5": "y", "\u03c7": "x",
}  # fmt: skip


def odd_spellings(values: pl.Series) -> pl.DataFrame:
    """Return the values that spell a more frequent one in another way.

    Returns:
        A row for each odd spelling: `value`, the `usual` spelling and `rows`, most frequent first. Of equally
        frequent spellings the first in order of characters is the usual one.

    >>> odd_spellings(pl.Series(["Paris", "PARIS", "Paris", "Rome"])).rows()
    [('PARIS', 'Paris', 1)]
    """
    counts = values.drop_nulls().alias("value").value_counts(name="rows").sort("rows", "value", descending=[True, False])
    folded = counts.with_columns(_folded(pl.col("value")).alias("word"))
    named = folded.with_columns(pl.col("value").first().over("word").alias("usual"))
    return named.filter(pl.col("value") != pl.col("usual")).select("value", "usual", "rows")


def _folded(text: pl.Expr) -> pl.Expr:
    """Return what is left of a text without what the eye may miss."""
    plain = text.str.normalize("NFKC").str.replace_all(r"\p{Cf}", "").str.to_lowercase()
    alike = plain.str.replace_many(list(_LOOK_ALIKE), list(_LOOK_ALIKE.values()))
    return alike.str.replace_all(r"\s+", " ").str.strip_chars()
