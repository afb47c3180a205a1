"""What is the source that makes a row's columns, line by line? Each value is written once and has a name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from steward.features.lookup import Lookup
from steward.features.row import arithmetic, logic, wording
from steward.features.row.dtypes import BOOLEAN, DAY, FLOAT, KNOWN, NULL, RANGES, TEXT, TIME, dtype_of
from steward.features.row.term import Code, Step, Term, literal
from steward.features.source import Feature
from steward.features.traced import Traced, Untraceable, as_step, col, every_step

_WRITERS: Mapping[str, Callable[[Step], Code]] = {**arithmetic.WRITERS, **logic.WRITERS, **wording.WRITERS}

_READ = {
    FLOAT: ("type({x}) is not float", "read_number({x})"),
    TIME: ("type({x}) is not datetime or {x}.tzinfo is not None", "read_time({x})"),
    BOOLEAN: ("type({x}) is not bool", "read_exactly({x}, bool)"),
    TEXT: ("type({x}) is not str", "read_exactly({x}, str)"),
    DAY: ("type({x}) is not date", "read_exactly({x}, date)"),
}


@dataclass(slots=True)
class Writer:
    """The source so far: its lines, the constants they name, and a term for every column of the program made by now."""

    lines: list[str] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, Term] = field(default_factory=dict)
    literals: list[Any] = field(default_factory=list)
    _written: dict[str, Term] = field(default_factory=dict)

    def read(self, name: str, dtype: pl.DataType) -> None:
        """Write how an input is read, and refused where it is not of its type."""
        x = f"v{len(self.lines)}"
        if dtype in RANGES:
            low, high = RANGES[dtype]
            test, other = f"type({x}) is not int or not {low} <= {x} <= {high}", f"read_whole({x}, {low}, {high})"
        elif dtype in _READ:
            test, other = (pattern.format(x=x) for pattern in _READ[dtype])
        else:
            raise Untraceable(f"the row path does not read {dtype}, as column {name!r} is")
        self.lines.append(f"{x} = get({name!r})\n    if {test}:\n        {x} = {other}")
        self.columns[name] = Term(x, dtype, nullable=True)

    def make(self, feature: Feature) -> None:
        """Write how a feature's column is made from columns that are there already."""
        try:
            step = as_step(feature.function(*(col(name) for name in feature.reads)))
            self.columns[feature.name] = self._term(step)
        except Untraceable as error:
            raise Untraceable(f"feature {feature.name!r}: {error}") from error
        except Exception as error:
            raise Untraceable(f"feature {feature.name!r}: {type(error).__name__}: {error}") from error

    def look_up(self, name: str, lookup: Lookup, dtype: pl.DataType) -> None:
        """Write how a lookup's column is found by the row's keys."""
        table = lookup.table.drop_nulls(lookup.keys)
        terms = [self.columns[column] for column in lookup.columns]
        alike = all(_alike(term.dtype, table.schema[key]) for term, key in zip(terms, lookup.keys, strict=True))
        if not alike or dtype not in KNOWN:
            raise Untraceable(f"the row path does not look up {name!r} by keys of another type")
        default = lookup.otherwise.get(name)
        values = [float(value) if dtype == FLOAT and value is not None else value for value in table[lookup.provides[name]]]
        keys = list(table[lookup.keys[0]]) if len(terms) == 1 else list(table.select(lookup.keys).iter_rows())
        known = {key: value for key, value in zip(keys, values, strict=True) if value is not None}
        row = terms[0].text if len(terms) == 1 else f"({', '.join(term.text for term in terms)})"
        default = float(default) if dtype == FLOAT and default is not None else default
        text = f"{self.keep(known)}.get({row}, {self.keep(default)})"
        self.columns[name] = self._named(Code(text, nullable=default is None), dtype)

    def keep(self, value: object) -> str:
        """Return the name of a constant."""
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name

    def _term(self, last: Traced) -> Term:
        terms: dict[int, Term] = {}
        for step in every_step(last):
            terms[id(step)] = self._written_step(step, [terms[id(part)] for part in step.parts])
        made = terms[id(last)]
        return self._named(Code(made.text, made.nullable), dtype_of(last, [])) if made.is_literal else made

    def _written_step(self, step: Traced, parts: list[Term]) -> Term:
        if step.kind == "column":
            return self.columns[step.settings["name"]]
        if step.kind == "literal":
            self.literals.append(step.settings["value"])
            return literal(step.settings["value"], self.keep)
        if step.kind not in _WRITERS:
            raise Untraceable(f"the row path does not know {step.kind}")
        operands = [part if term.is_literal else term.dtype for term, part in zip(parts, step.parts, strict=True)]
        dtype = dtype_of(step, operands)
        self.literals += [value for told in step.settings.values() for value in (told if isinstance(told, tuple) else (told,))]
        return self._named(_WRITERS[step.kind](Step(step.kind, parts, step.settings, dtype, self.keep)), dtype)

    def _named(self, code: Code, dtype: pl.DataType) -> Term:
        """Give a value a name; what was written before is not written again."""
        if code.text.isidentifier() and code.text.startswith("v"):
            return Term(code.text, dtype, code.nullable)
        if code.text not in self._written:
            name = f"v{len(self.lines)}"
            self.lines.append(f"{name} = {code.text}")
            self._written[code.text] = Term(name, dtype, code.nullable)
        term = self._written[code.text]
        return term if term.dtype == dtype else Term(term.text, dtype, term.nullable)


def _alike(column: pl.DataType, key: pl.DataType) -> bool:
    return column == key or (column in RANGES and key in RANGES) or NULL in (column, key)
