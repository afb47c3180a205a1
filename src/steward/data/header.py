"""Which column of a file is which column of the dictionary?

A file may spell a name as the dictionary does or as one of its aliases, in any case; columns the
dictionary does not know are left alone.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from steward.core.errors import Fault, UsageError, did_you_mean
from steward.data.remarks import Remark, shown
from steward.project.dictionary import ColumnSpec, DictionarySpec

MOST_COLUMNS = 5_000
_SHOWN = 60
_COMPARED = 300
_TOLD = 20  # comparing names with names takes its time, and nobody reads more


def match_header(header: Sequence[str], dictionary: DictionarySpec, wanted: Collection[str], path: Path) -> dict[str, int]:
    """Return the place of each wanted column that the file has: canonical name to position from 0.

    Args:
        header: the file's column names in order.
        dictionary: what they may be called.
        wanted: canonical names; the others are not looked for.
        path: only named in messages.

    Raises:
        UsageError: DATA-004 a required column is missing, DATA-005 two columns claim one name, every such fault;
            DATA-013 too many columns.
    """
    if len(header) > MOST_COLUMNS:
        why = f"at most {MOST_COLUMNS:,} are read; a table written sideways looks like this"
        raise UsageError(
            Fault("DATA-013", f"the file has {len(header):,} columns", (str(path),), why, "leave out what is not needed")
        )
    twice = [name for name, count in Counter(map(plain, header)).items() if name and count > 1][:_TOLD]
    faults = [_duplicate(name, [h for h in header if plain(h) == name], path) for name in twice]
    places: dict[str, int] = {}
    for name in wanted:
        found = _places(name, dictionary.columns[name], header)
        if len(found) > 1 and not twice:
            faults.append(_duplicate(name, [header[place] for place in found], path))
        elif found:
            places[name] = found[0]
        elif dictionary.columns[name].required:
            faults.append(_missing(name, dictionary.columns, header, path))
    if not faults and not places:
        faults.append(_stranger(wanted, header, path))
    if faults:
        raise UsageError(*faults)
    return places


def header_remarks(header: Sequence[str], dictionary: DictionarySpec, places: Mapping[str, int]) -> list[Remark]:
    """Return what was passed over when names were matched: case, spaces around, columns that nobody asked for."""
    named = [(header[place], {name, *dictionary.columns[name].aliases}) for name, place in places.items()]
    spelt = [shown(given) for given, spellings in named if given not in spellings]
    known = known_spellings(dictionary)
    extra = [shown(given) or "(no name)" for given in header if plain(given) not in known]
    remarks = [Remark("names matched in spite of case or spaces", ", ".join(map(repr, spelt)))] if spelt else []
    if extra:
        more = f" and {len(extra) - _SHOWN:,} more" if len(extra) > _SHOWN else ""
        remarks.append(Remark("columns left out, for dictionary.yaml does not know them", ", ".join(extra[:_SHOWN]) + more))
    return remarks


def known_names(header: Sequence[str], dictionary: DictionarySpec) -> int:
    """Return how many of a header's names the dictionary knows."""
    return len({plain(name) for name in header} & known_spellings(dictionary))


def known_spellings(dictionary: DictionarySpec) -> frozenset[str]:
    """Return all names and aliases of a dictionary in their plain form."""
    return frozenset(plain(spelling) for name, spec in dictionary.columns.items() for spelling in (name, *spec.aliases))


def plain(name: str) -> str:
    """Return what counts of a name when names are compared."""
    return name.strip().casefold()


def _places(name: str, spec: ColumnSpec, header: Sequence[str]) -> list[int]:
    spellings = {plain(name), *map(plain, spec.aliases)}
    return [place for place, given in enumerate(header) if plain(given) in spellings]


def _duplicate(name: str, spellings: Sequence[str], path: Path) -> Fault:
    what = f"{len(spellings)} columns claim the name {name!r}: {', '.join(map(repr, spellings[:_SHOWN]))}"
    return Fault("DATA-005", what, (str(path),), "nobody can tell which one is meant", "remove or rename all but one of them")


def _missing(name: str, columns: Mapping[str, ColumnSpec], header: Sequence[str], path: Path) -> Fault:
    aliases = columns[name].aliases
    also = f" (also: {', '.join(aliases)})" if aliases else ""
    near = [given[:_SHOWN] for given in header[:_COMPARED]]
    hints = [did_you_mean(spelling, near) for spelling in (name, *aliases[:_TOLD])]
    hint = next((hint for hint in hints if hint.startswith("did you mean")), "")
    fix = f"{hint} Add the file's name for it to the aliases of {name} in dictionary.yaml, or set required: false"
    return Fault("DATA-004", f"required column {name!r}{also} is missing", (str(path),), _present(header), fix.strip())


def _stranger(wanted: Collection[str], header: Sequence[str], path: Path) -> Fault:
    what = f"none of the {len(wanted)} columns of the dictionary is in the file"
    return Fault("DATA-004", what, (str(path),), _present(header), "check that this is the file you mean, and that it has a header")


def _present(header: Sequence[str]) -> str:
    return f"columns present: {', '.join(shown(name) or '(no name)' for name in header[:_SHOWN])}"
