"""How do lookups and fitted columns travel as JSON, and come back the same?"""

from collections.abc import Mapping
from typing import Any

from steward.features.fitted.fit import Fitting
from steward.features.fitted.formula import formula_as_json, formula_from_json
from steward.features.lookup import Lookup
from steward.registry.table import table_as_json, table_from_json


def lookup_as_json(lookup: Lookup) -> dict[str, Any]:
    """Return a lookup as a JSON object, its table included."""
    return {
        "name": lookup.name,
        "keys": list(lookup.keys),
        "columns": list(lookup.columns),
        "provides": dict(lookup.provides),
        "otherwise": dict(lookup.otherwise),
        "table": table_as_json(lookup.table),
    }


def lookup_from_json(value: Mapping[str, Any]) -> Lookup:
    """Return the lookup that `lookup_as_json` wrote; KeyError where the object is something else."""
    keys, columns = tuple(value["keys"]), tuple(value["columns"])
    return Lookup(value["name"], table_from_json(value["table"]), keys, columns, value["provides"], value["otherwise"])


def formulas_as_json(fitting: Fitting) -> dict[str, Any]:
    """Return the fitted columns without their tables: names in order, formulas by name."""
    formulas = {name: formula_as_json(formula) for name, formula in fitting.formulas.items()}
    return {"names": list(fitting.names), "formulas": formulas}


def fitting_as_json(fitting: Fitting) -> dict[str, Any]:
    """Return all that was fitted as one JSON object."""
    return {**formulas_as_json(fitting), "lookups": [lookup_as_json(lookup) for lookup in fitting.lookups]}


def fitting_from_json(value: Mapping[str, Any]) -> Fitting:
    """Return what `fitting_as_json` wrote; without lookups the formulas alone."""
    lookups = tuple(lookup_from_json(lookup) for lookup in value.get("lookups", ()))
    formulas = {name: formula_from_json(formula) for name, formula in value["formulas"].items()}
    return Fitting(lookups, formulas, tuple(value["names"]))
