"""Formulas: arithmetic and nothing else, whatever somebody types."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.calculations.formula import LARGEST, FormulaError, parse


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("100 * calls / orders", Decimal("2.5")),
        ("-(calls - orders)", Decimal(390)),
        ("max(calls, orders, 1000) + min(calls, 3)", Decimal(1003)),
        ("mean(calls, 20) + sum(1, 2) + abs(calls - orders)", Decimal(408)),
        ("metric.throughput / calls", Decimal(3)),
        ("calls / (orders - 400)", None),
        ("unknown + calls", None),
        ("calls * 1e14", None),
    ],
)
def test_formulas_are_computed_exactly(text: str, result: Decimal | None) -> None:
    inputs = {"calls": Decimal(10), "orders": Decimal(400), "metric.throughput": Decimal(30)}
    assert parse(text).value(inputs) == result


def test_a_formula_says_what_it_needs() -> None:
    formula = parse("calls + metric.wip - calls")
    assert (formula.codes, formula.metrics) == ({"calls"}, {"wip"})
    assert formula.value({"calls": Decimal(1), "metric.wip": None}) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("1 + 2", "constant"),
        ("calls +", "syntax"),
        ("calls\x00", "syntax"),
        ("(" * 250 + "a" + ")" * 100, "syntax"),
        ("a + " * 200 + "a", "too_long"),
        ("__import__('os').system('true')", "forbidden"),
        ("calls.__class__", "forbidden"),
        ("calls ** 9", "forbidden"),
        ("[calls][0]", "forbidden"),
        ("lambda: calls", "forbidden"),
        ("calls if calls else 1", "forbidden"),
        ("f'{calls}'", "forbidden"),
        ("'a' + calls", "forbidden"),
        ("True + calls", "forbidden"),
        ("1j + calls", "forbidden"),
        ("max(calls, key=abs)", "forbidden"),
        ("max(*calls)", "forbidden"),
        ("print(calls)", "forbidden"),
        ("max()", "arguments"),
        ("abs(calls, calls)", "arguments"),
        ("max + calls", "name"),
        ("metric + calls", "name"),
        ("calls + 1e999", "number"),
    ],
)
def test_anything_else_is_refused_by_name(text: str, code: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert caught.value.code == code


@given(st.text(alphabet="ab1.+-*/()[]{}'\"_ ,:=<>metricx\n", max_size=60))
def test_whatever_is_typed_is_a_formula_or_a_formula_error(text: str) -> None:
    try:
        formula = parse(text)
    except FormulaError:
        return
    result = formula.value({name: Decimal(3) for name in formula.names})
    assert result is None or abs(result) < LARGEST
