"""docs/features.md is true: every row names a feature id, a page that exists and a test that exists."""

from __future__ import annotations

import ast
import re

import pytest

from tests.architecture.test_layers import ROOT
from tests.architecture.test_view_access import patterns

ROW = re.compile(r"^\| (?P<id>[A-T]\d{1,2}|H\d+|W\d+) \| (?P<what>[^|]+) \| `(?P<page>[^`]+)` \| `(?P<test>[^`]+)` \|$")


def rows() -> list[re.Match[str]]:
    text = (ROOT / "docs/features.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith(("| id", "| --"))]
    matches = [(line, ROW.match(line)) for line in lines]
    assert [line for line, match in matches if match is None] == []
    return [match for _, match in matches if match is not None]


def test_there_are_rows_and_none_twice() -> None:
    ids = [row["id"] for row in rows()]
    assert len(ids) > 10
    assert sorted({each for each in ids if ids.count(each) > 1}) == []


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["id"])
def test_page_and_test_exist(row: re.Match[str]) -> None:
    assert row["page"] in {name for name, _ in patterns()}
    path, _, function = row["test"].partition("::")
    tree = ast.parse((ROOT / path).read_text())
    assert function in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
