"""Of which rows is a written rule true? A rule's tree as one column expression.

A comparison with an empty cell - null or NaN - is neither true nor false: it comes out as null.
"""

import ast
from collections.abc import Callable, Mapping
from datetime import datetime
from operator import add, eq, floordiv, ge, gt, le, lt, mod, mul, ne, sub, truediv

import polars as pl

from steward.project.expression import Expression, constant, constants, is_truth, parse

_RECKON: Mapping[type[ast.operator], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    ast.Add: add,
    ast.Sub: sub,
    ast.Mult: mul,
    ast.Div: truediv,
    ast.FloorDiv: floordiv,
    ast.Mod: mod,
}
_COMPARE: Mapping[type[ast.cmpop], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    ast.Eq: eq,
    ast.NotEq: ne,
    ast.Lt: lt,
    ast.LtE: le,
    ast.Gt: gt,
    ast.GtE: ge,
}
_FUNCTIONS: Mapping[str, Callable[[pl.Expr], pl.Expr]] = {
    "abs": pl.Expr.abs,
    "length": lambda text: text.str.len_chars(),
    "seconds": lambda number: pl.duration(seconds=number),
    "minutes": lambda number: pl.duration(minutes=number),
    "hours": lambda number: pl.duration(hours=number),
    "days": lambda number: pl.duration(days=number),
}


def condition(rule: str, schema: Mapping[str, pl.DataType]) -> pl.Expr:
    """Return a boolean expression: true where a row satisfies the rule, null where a cell it needs is empty.

    Args:
        rule: as `steward.project.expression` reads it.
        schema: types of the columns it looks at.

    Raises:
        ValueError: what it compares are of different kinds, or a text beside a moment is none.

    >>> frame = pl.DataFrame({"a": [1, 5, None], "b": [2, 2, 2]})
    >>> frame.select(condition("a <= b", frame.schema)).to_series().to_list()
    [True, False, None]
    """
    read = parse(rule)
    return _Compiler(read, schema).condition(read.tree)


def _family(dtype: pl.DataType) -> str:
    if dtype.is_numeric():
        return "a number"
    if dtype.is_temporal():
        return "a span of time" if dtype == pl.Duration else "a moment"
    return {pl.String: "a text", pl.Boolean: "true or false", pl.Null: "nothing"}.get(type(dtype), str(dtype))


class _Compiler:
    def __init__(self, read: Expression, schema: Mapping[str, pl.DataType]) -> None:
        self._read, self._schema = read, schema
        self._nothing = pl.DataFrame(schema={name: schema[name] for name in read.columns})

    def condition(self, node: ast.expr) -> pl.Expr:
        match node:
            case ast.BoolOp(op=op, values=values):
                parts = [self.condition(value) for value in values]
                return pl.all_horizontal(parts) if isinstance(op, ast.And) else pl.any_horizontal(parts)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return ~self.condition(operand)
            case ast.Compare(left=left, ops=ops, comparators=others):
                sides = [left, *others]
                return pl.all_horizontal(
                    [self._compared(one, op, other) for one, op, other in zip(sides, ops, others, strict=False)]
                )
            case _:
                return self._value(node)

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> pl.Expr:
        match op, right:
            case ast.Is(), _:
                return self._value(left).is_null()
            case ast.IsNot(), _:
                return self._value(left).is_not_null()
            case (ast.In() | ast.NotIn(), ast.Tuple() | ast.List()):
                value = self._value(left)
                known = pl.any_horizontal([self._alike(value, pl.lit(one)) == pl.lit(one) for one in constants(right)])
                return known if isinstance(op, ast.In) else ~known
            case _:
                one, other = self._value(left, beside=right), self._value(right, beside=left)
                return _COMPARE[type(op)](self._alike(one, other), other)

    def _alike(self, one: pl.Expr, other: pl.Expr) -> pl.Expr:
        """Return the first side if the two may be compared: Polars compares even a moment with a number."""
        mine, others = (_family(self._nothing.select(side).to_series().dtype) for side in (one, other))
        if mine != others and "nothing" not in (mine, others):
            raise ValueError(f"it compares {mine} with {others}")
        return one

    def _value(self, node: ast.expr, beside: ast.expr | None = None) -> pl.Expr:
        match node:
            case ast.Name(id=name) if not is_truth(name):
                return self._column(self._read.column(name))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self._value(operand)
            case ast.BinOp(left=left, op=op, right=right):
                return self._without_nan(_RECKON[type(op)](self._value(left, right), self._value(right, left)))
            case ast.Call(func=ast.Name(id=function), args=[argument]):
                return _FUNCTIONS[function](self._value(argument))
            case ast.Constant(value=str() as text) if self._is_time(beside):
                return pl.lit(datetime.fromisoformat(text), pl.Datetime("us"))
            case _:
                return pl.lit(constant(node))

    def _column(self, name: str) -> pl.Expr:
        return self._without_nan(pl.col(name))

    def _without_nan(self, value: pl.Expr) -> pl.Expr:
        return value.fill_nan(None) if self._nothing.select(value).to_series().dtype.is_float() else value

    def _is_time(self, node: ast.expr | None) -> bool:
        return isinstance(node, ast.Name) and isinstance(self._schema.get(self._read.column(node.id)), pl.Datetime)
