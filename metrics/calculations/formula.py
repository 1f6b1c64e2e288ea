"""The small language in which a KPI is computed from others: numbers, + - * /, brackets, names and a few functions.

A formula is read into a tree of our own from Python's grammar and anything outside the list is refused by name; nothing
is ever executed. ``metric.throughput`` is a flow number of the KPI's own unit, a bare name is another KPI's code.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, DecimalException, localcontext
from typing import Final, TypeAlias

MOST_CHARACTERS: Final = 400
MOST_PARTS: Final = 120
LARGEST: Final = Decimal(10) ** 15
"""Beyond this a result is no number any column holds: no value."""

METRIC: Final = "metric"
FUNCTIONS: Final[Mapping[str, Callable[[Sequence[Decimal]], Decimal]]] = {
    "min": min,
    "max": max,
    "sum": lambda values: sum(values, Decimal(0)),
    "mean": lambda values: sum(values, Decimal(0)) / len(values),
    "abs": lambda values: abs(values[0]),
}


class FormulaError(ValueError):
    """A formula that cannot be read; ``code`` says why, ``what`` names the part."""

    def __init__(self, code: str, what: str = "") -> None:
        super().__init__(f"{code}: {what}")
        self.code, self.what = code, what


@dataclass(frozen=True, slots=True)
class _Number:
    value: Decimal


@dataclass(frozen=True, slots=True)
class _Name:
    name: str


@dataclass(frozen=True, slots=True)
class _Call:
    function: str
    arguments: tuple[_Part, ...]


_Part: TypeAlias = "_Number | _Name | _Call"


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that was read. ``codes`` are the KPIs it needs, ``metrics`` the flow numbers."""

    root: _Part
    codes: frozenset[str]
    metrics: frozenset[str]

    def value(self, inputs: Mapping[str, Decimal | None]) -> Decimal | None:
        """The result for these inputs (metrics as ``metric.<code>``); None when one is missing, when it divides by
        zero or leaves all bounds: no data, never 0."""
        known = {name: value for name in self.names if (value := inputs.get(name)) is not None}
        if len(known) < len(self.names):
            return None
        with localcontext() as context:
            context.prec = 40
            try:
                result = _value(self.root, known)
            except (DecimalException, ZeroDivisionError):
                return None
        return result if result.is_finite() and abs(result) < LARGEST else None

    @property
    def names(self) -> frozenset[str]:
        """Every input by the name it has in ``value``."""
        return self.codes | {f"{METRIC}.{code}" for code in self.metrics}


def parse(text: str) -> Formula:
    """Read a formula; raises :class:`FormulaError`."""
    if len(text) > MOST_CHARACTERS:
        raise FormulaError("too_long")
    if not text.strip():
        raise FormulaError("empty")
    try:
        with warnings.catch_warnings():
            # Python warns of what it will not read for ever, such as "1if"; what matters here is the tree.
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval")
        parts = sum(1 for _node in ast.walk(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FormulaError("syntax") from error
    if parts > MOST_PARTS * 3:
        raise FormulaError("too_long")
    codes: set[str] = set()
    metrics: set[str] = set()
    root = _read(tree.body, codes, metrics)
    if not codes and not metrics:
        raise FormulaError("constant")
    return Formula(root, frozenset(codes), frozenset(metrics))


_OPERATORS: Final[Mapping[type[ast.operator], str]] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


def _read(node: ast.expr, codes: set[str], metrics: set[str]) -> _Part:
    match node:
        case ast.Constant(value=value) if type(value) in {int, float}:
            number = Decimal(str(value))
            if not number.is_finite() or abs(number) >= LARGEST:
                raise FormulaError("number", ast.unparse(node)[:40])
            return _Number(number)
        case ast.Name(id=name):
            if name in FUNCTIONS or name == METRIC:
                raise FormulaError("name", name)
            codes.add(name)
            return _Name(name)
        case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner == METRIC:
            metrics.add(name)
            return _Name(f"{METRIC}.{name}")
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            part = _read(operand, codes, metrics)
            return _Call("-", (_Number(Decimal(0)), part)) if isinstance(node.op, ast.USub) else part
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            return _Call(_OPERATORS[type(operator)], (_read(left, codes, metrics), _read(right, codes, metrics)))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            if not arguments or (name == "abs" and len(arguments) != 1):
                raise FormulaError("arguments", name)
            return _Call(name, tuple(_read(argument, codes, metrics) for argument in arguments))
    raise FormulaError("forbidden", ast.unparse(node)[:40])


def _value(part: _Part, inputs: Mapping[str, Decimal]) -> Decimal:
    if isinstance(part, _Number):
        return part.value
    if isinstance(part, _Name):
        return inputs[part.name]
    values = [_value(argument, inputs) for argument in part.arguments]
    match part.function:
        case "+":
            return values[0] + values[1]
        case "-":
            return values[0] - values[1]
        case "*":
            return values[0] * values[1]
        case "/":
            return values[0] / values[1]
    return FUNCTIONS[part.function](values)
