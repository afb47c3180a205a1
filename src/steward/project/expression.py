"""What does a written rule such as ``dropoff_at >= pickup_at`` ask of a row? Read into a tree and never run as code.

The words are columns, numbers, texts in quotes, true and false, ``+ - * / // %``, ``== != < <= > >=``,
``in (...)``, ``is null``, ``is not null``, ``and``, ``or``, ``not``, parentheses and a few functions. A column whose
name is no plain word stands in backticks.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, NoReturn

from pydantic import AfterValidator

FUNCTIONS = ("abs", "length", "seconds", "minutes", "hours", "days")
NULL = "null"
_TRUTHS = {"true": True, "false": False}
_LONGEST = 1000
_DEEPEST = 50
_LARGEST = 2**63
_QUOTED = re.compile(r"`([^`]+)`|'[^']*'|\"[^\"]*\"")

_COMPARING = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_RECKONING = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)


@dataclass(frozen=True, slots=True)
class Expression:
    """A rule that was read: its text, its tree of known nodes only, and the columns it looks at, in order.

    `quoted` gives the column behind a name of the tree that stood in backticks.
    """

    text: str
    tree: ast.expr = field(compare=False)
    columns: tuple[str, ...]
    quoted: Mapping[str, str] = field(compare=False, default_factory=dict)

    def column(self, name: str) -> str:
        """Return the column that a name of the tree stands for."""
        return self.quoted.get(name, name)


@lru_cache(maxsize=1024)
def parse(text: str) -> Expression:
    """Read a rule.

    Raises:
        ValueError: it is none; the message says at which character and what to write.

    >>> parse("dropoff_at >= pickup_at and fare < 100").columns
    ('dropoff_at', 'pickup_at', 'fare')
    """
    if len(text) > _LONGEST:
        raise ValueError(f"a rule has at most {_LONGEST} characters; this one has {len(text):,}")
    plain, quoted = _without_backticks(text)
    try:
        tree = ast.parse(plain.strip(), mode="eval").body
    except SyntaxError as error:
        at = error.offset + len(plain) - len(plain.lstrip()) if error.offset else len(plain.rstrip()) + 1
        raise ValueError(f"at character {at}: {_hint(text)}") from None
    except (ValueError, RecursionError, MemoryError):
        raise ValueError("at character 1: this cannot be read as a rule") from None
    reader = _Reader(plain.strip(), len(plain) - len(plain.lstrip()))
    reader.condition(tree, 0)
    names = dict.fromkeys(quoted.get(name, name) for name in reader.names)
    if not names:
        raise ValueError("at character 1: a rule looks at a column at least")
    return Expression(text, tree, tuple(names), quoted)


def _checked(text: str) -> str:
    return parse(text).text


Rule = Annotated[str, AfterValidator(_checked)]


def _without_backticks(text: str) -> tuple[str, dict[str, str]]:
    """Return the text with plain words of the same length in place of backticks, and what each of them stands for."""
    quoted: dict[str, str] = {}

    def plain(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0]
        word = f"q{len(quoted)}".ljust(len(found[0]), "_")
        while word in text or word in quoted:
            word += "_"
        quoted[word] = found[1]
        return word

    return _QUOTED.sub(plain, text), quoted


def _hint(text: str) -> str:
    """Return what may be meant where the text is no rule at all."""
    bare = _QUOTED.sub("", text)
    if re.search(r"(?<![=<>!])=(?!=)", bare):
        return "write == for: is equal to"
    if "<>" in bare:
        return "write != for: is not equal to"
    if re.search(r"\b(AND|OR|NOT|IS|IN)\b", bare):
        return "write and, or, not, is and in in small letters"
    if re.search(r"&&|\|\||!(?!=)", bare):
        return "write and, or and not as words"
    return "here it stops being a rule; write for example  dropoff_at >= pickup_at"


@dataclass(frozen=True, slots=True)
class _Reader:
    """Walks a tree once, lets known nodes pass and collects names."""

    text: str
    skipped: int
    names: list[str] = field(default_factory=list)

    def condition(self, node: ast.expr, depth: int) -> None:
        """Let what is true or false pass."""
        self._not_too_deep(node, depth)
        match node:
            case ast.BoolOp(values=values):
                for value in values:
                    self.condition(value, depth + 1)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.condition(operand, depth + 1)
            case ast.Compare(left=left, ops=ops, comparators=others):
                if len(ops) > 1 and not all(isinstance(op, _COMPARING) for op in ops):
                    self._refuse(node, "is and in stand alone; put  and  between two comparisons")
                self.value(left, depth + 1)
                for op, other in zip(ops, others, strict=True):
                    self._compared(op, other, depth + 1)
            case ast.Name(id=name):
                self._name(node, name)
            case _:
                self._refuse(node, "this is neither true nor false; compare it with something")

    def value(self, node: ast.expr, depth: int) -> None:
        """Let what can be compared pass: columns, constants and what is reckoned from them."""
        self._not_too_deep(node, depth)
        match node:
            case ast.Name(id=name):
                self._name(node, name)
            case ast.Constant():
                self._constant(node)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                self.value(operand, depth + 1)
            case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _RECKONING):
                self.value(left, depth + 1)
                self.value(right, depth + 1)
            case ast.Call(func=ast.Name(id=function), args=[argument], keywords=[]) if function in FUNCTIONS:
                self.value(argument, depth + 1)
            case ast.Call():
                self._refuse(node, f"only these functions are known, each of one value: {', '.join(FUNCTIONS)}")
            case _:
                self._refuse(node, "only columns, numbers, texts in quotes and + - * / // % may be compared")

    def _compared(self, op: ast.cmpop, other: ast.expr, depth: int) -> None:
        match op, other:
            case (ast.Is() | ast.IsNot(), ast.Name(id="null")):
                return
            case (ast.Is() | ast.IsNot(), _):
                self._refuse(other, "after is and is not stands null")
            case (ast.In() | ast.NotIn(), ast.Tuple(elts=items) | ast.List(elts=items)) if items:
                for item in items:
                    self._item(item)
            case (ast.In() | ast.NotIn(), _):
                self._refuse(other, "after in stand values in parentheses, for one value with a comma:  (1,)")
            case _:
                assert isinstance(op, _COMPARING)
                self.value(other, depth)

    def _item(self, node: ast.expr) -> None:
        match node:
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float()) as number):
                self._constant(number)
            case _:
                self._constant(node)

    def _constant(self, node: ast.expr) -> None:
        if isinstance(node, ast.Name) and node.id in _TRUTHS:
            return
        value = node.value if isinstance(node, ast.Constant) else None
        if not isinstance(value, bool | int | float | str):
            self._refuse(node, "a number or a text in quotes belongs here")
        if isinstance(value, int) and abs(value) >= _LARGEST:
            self._refuse(node, "this number is too large")

    def _name(self, node: ast.expr, name: str) -> None:
        if name == NULL:
            self._refuse(node, "null stands only after is and is not")
        if name not in _TRUTHS:
            self.names.append(name)

    def _not_too_deep(self, node: ast.expr, depth: int) -> None:
        if depth > _DEEPEST:
            self._refuse(node, "this is nested too deeply")

    def _refuse(self, node: ast.expr, why: str) -> NoReturn:
        line = self.text.splitlines()[node.lineno - 1]
        before = len(line.encode()[: node.col_offset].decode(errors="replace"))
        raise ValueError(f"at character {before + 1 + self.skipped}: {why}")


def constants(node: ast.Tuple | ast.List) -> Iterator[bool | float | str]:
    """Yield the values of a list that `parse` let pass."""
    for item in node.elts:
        yield constant(item)


def constant(node: ast.expr) -> bool | float | str:
    """Return the value of a constant that `parse` let pass."""
    match node:
        case ast.UnaryOp(operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.Name(id=name):
            return _TRUTHS[name]
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return value
        case _:
            raise TypeError(f"not a constant: {ast.dump(node)}")


def is_truth(name: str) -> bool:
    """Tell whether a word is true or false itself, not a column."""
    return name in _TRUTHS


def compared_columns(text: str) -> tuple[str, str, bool] | None:
    """Return a rule that only says which of two columns is greater: that one, the other, and whether they may be equal.

    >>> compared_columns("pickup_at <= dropoff_at")
    ('dropoff_at', 'pickup_at', True)
    """
    read = parse(text)
    match read.tree:
        case ast.Compare(left=ast.Name(id=left), ops=[ast.Gt() | ast.GtE() as op], comparators=[ast.Name(id=right)]):
            greater, smaller = left, right
        case ast.Compare(left=ast.Name(id=left), ops=[ast.Lt() | ast.LtE() as op], comparators=[ast.Name(id=right)]):
            greater, smaller = right, left
        case _:
            return None
    if is_truth(left) or is_truth(right):
        return None
    return read.column(greater), read.column(smaller), isinstance(op, ast.GtE | ast.LtE)
