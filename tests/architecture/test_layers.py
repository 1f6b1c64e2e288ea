"""Imports go one way: up the list of apps, and inside an app from models to views. Read from the syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

APPS = ("organization", "collaboration", "portfolio", "teams", "metrics", "practice")
"""Each may import itself and what stands before it."""

ROOMS = ("models", "querysets", "policies", "services", "selectors", "forms", "views", "urls")
"""Inside an app a room may import itself and what stands before it; selectors and services do not meet."""

ROOM_EXCEPTIONS = {
    # A queryset class is given to its model, so models import querysets; querysets never import models.
    ("models", "querysets"),
}
KINDS_OF_MODULE = {"migrations", "management", "tests"}


def modules(package: str) -> Iterator[Path]:
    for path in sorted((ROOT / package).rglob("*.py")):
        if not KINDS_OF_MODULE & set(path.relative_to(ROOT).parts):
            yield path


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Every module name a file imports at any depth, except under TYPE_CHECKING."""
    tree = ast.parse(path.read_text())
    skipped = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def test_lib_imports_no_app() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in modules("pmo_portal/lib")
        for line, name in imports_of(path)
        if name.split(".")[0] in APPS
    ]
    assert wrong == []


@pytest.mark.parametrize("app", APPS)
def test_apps_import_only_what_stands_before_them(app: str) -> None:
    higher = set(APPS[APPS.index(app) + 1 :])
    wrong = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in modules(app)
        for line, name in imports_of(path)
        if name.split(".")[0] in higher
    ]
    assert wrong == []


def room_of(module: str, app: str) -> str | None:
    parts = module.split(".")
    if len(parts) < 2 or parts[0] != app:
        return None
    return parts[1] if parts[1] in ROOMS else None


@pytest.mark.parametrize("app", APPS)
def test_rooms_import_only_what_stands_before_them(app: str) -> None:
    wrong = []
    for path in modules(app):
        here = room_of(".".join(path.relative_to(ROOT).with_suffix("").parts), app)
        if here is None:
            continue
        for line, name in imports_of(path):
            there = room_of(name, app)
            if there is None or there == here or (here, there) in ROOM_EXCEPTIONS:
                continue
            if ROOMS.index(there) > ROOMS.index(here):
                wrong.append(f"{path.relative_to(ROOT)}:{line} {here} imports {there}")
    assert wrong == []


def test_calculations_are_pure() -> None:
    """No Django, no clock, no unseeded chance in the package that says what numbers mean."""
    wrong = []
    for path in modules("metrics/calculations"):
        for line, name in imports_of(path):
            top = name.split(".")[0]
            if top in {"django", "random", "time", "os", "psycopg", "redis", *APPS} and not name.startswith(
                "metrics.calculations"
            ):
                wrong.append(f"{path.relative_to(ROOT)}:{line} {name}")
        text = path.read_text()
        for clock in ("datetime.now(", "date.today(", "utcnow(", "timezone.now("):
            if clock in text:
                wrong.append(f"{path.relative_to(ROOT)}: {clock}")
    assert wrong == []


def test_no_module_is_named_for_nothing() -> None:
    names = {"utils.py", "helpers.py", "common.py", "misc.py"}
    assert [p for app in (*APPS, "pmo_portal") for p in modules(app) if p.name in names] == []


def test_modules_stay_readable() -> None:
    long = {
        str(path.relative_to(ROOT)): length
        for app in (*APPS, "pmo_portal")
        for path in modules(app)
        if (length := len(path.read_text().splitlines())) > 400
    }
    assert long == {}
