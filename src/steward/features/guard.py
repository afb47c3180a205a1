"""Does a model read what is not known yet when it is asked?

The usual leak is no copy of the target but a feature made, two functions deep, from a column that is
filled in at the end of the event. The lineage finds it whatever the feature is called.
"""

from collections.abc import Collection

from steward.core.errors import Fault, UsageError
from steward.features.program import Program
from steward.project.dictionary import DictionarySpec


def refuse_leaks(program: Program, dictionary: DictionarySpec, target: str, features: Collection[str]) -> None:
    """Refuse model inputs that give the outcome away.

    Args:
        program: built with all of `features` among its wanted columns.
        dictionary: when each raw column is known.
        target: the column or function that is predicted.
        features: the model's inputs.

    Raises:
        UsageError: FEAT-010 an input is made from a column that is known only at the outcome,
            FEAT-011 an input is the target or made from it.
    """
    faults = [fault for name in features for fault in _faults(program, dictionary, target, name)]
    if faults:
        raise UsageError(*faults)


def _faults(program: Program, dictionary: DictionarySpec, target: str, name: str) -> list[Fault]:
    fix = f"take {name!r} out of the features in project.yaml"
    to_target = program.path(name, target)
    if to_target:
        what = f"feature {name!r} is the target" if name == target else f"feature {name!r} is made from the target"
        return [Fault("FEAT-011", what, (_arrows(to_target),), "the target is what the model is asked for", fix)]
    late = sorted(c for c in program.lineage(name) if c in dictionary.columns and dictionary.columns[c].known_at == "outcome")
    if not late:
        return []
    where = tuple(_arrows(program.path(name, column)) for column in late)
    why = f"dictionary.yaml says known_at: outcome of {', '.join(late)}"
    return [
        Fault(
            "FEAT-010",
            f"feature {name!r} reads what is known only after the prediction",
            where,
            why,
            f"{fix}, or mend known_at if that is wrong",
        )
    ]


def _arrows(path: tuple[str, ...]) -> str:
    return " <- ".join(path)
