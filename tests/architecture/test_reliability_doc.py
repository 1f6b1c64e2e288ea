"""docs/reliability.md is true: every case names a test that exists."""

from __future__ import annotations

import ast
import re

from tests.architecture.test_layers import ROOT

TEST = re.compile(r"`(tests/[\w/]+(?:\.py)?)(?:::(\w+))?`")


def test_every_case_names_a_test_that_exists() -> None:
    text = (ROOT / "docs/reliability.md").read_text()
    table = text[text.index("## Each case and its test") :]
    lines = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith(("| given", "| ---"))]
    assert len(lines) > 30
    missing = []
    for line in lines:
        named = TEST.search(line.split("|")[-2])
        path = ROOT / named[1] if named else None
        if (
            named is None
            or path is None
            or not path.is_file()
            or (
                named[2]
                and named[2]
                not in {
                    node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)
                }
            )
        ):
            missing.append(line)
    assert missing == []
