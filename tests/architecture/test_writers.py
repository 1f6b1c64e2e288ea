"""Services are the only writers. Read from the syntax trees of everything else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.test_layers import APPS, ROOT, modules

WRITES = {
    "create",
    "bulk_create",
    "bulk_update",
    "update",
    "delete",
    "save",
    "get_or_create",
    "update_or_create",
}
READERS = ("models", "querysets", "policies", "selectors", "forms", "views", "templatetags", "urls", "entries", "tasks")


def is_queryset_or_model_write(call: ast.Call) -> bool:
    """``x.save()``, ``Model.objects...create()``, ``queryset.update(...)``: not ``dict.update`` with a literal, not
    a form's ``save`` (forms are plain here)."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in WRITES:
        return False
    if any(keyword.arg == "actor" for keyword in call.keywords):
        return False  # a service, whatever it is held by
    owner = ast.unparse(call.func.value)
    if call.func.attr == "update":
        return ".objects" in owner or ".filter(" in owner
    if call.func.attr == "delete":
        return ".objects" in owner or ".filter(" in owner or (not call.args and not call.keywords)
    return call.func.attr != "save" or not ("super()" in owner or owner == "form")


@pytest.mark.parametrize("app", APPS)
def test_only_services_write(app: str) -> None:
    wrong = []
    for path in modules(app):
        parts = path.relative_to(ROOT / app).with_suffix("").parts
        if parts[0] not in READERS:
            continue
        # SECURITY: a user manager makes the object that the service saves; django.contrib.auth asks for it by name.
        if path == ROOT / "organization/models/people.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and is_queryset_or_model_write(node):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)[:80]}")
    assert wrong == []


def test_views_load_objects_only_through_the_policy() -> None:
    """No ``Model.objects`` and no ``get_object_or_404`` in a view: there is one door, ``lib.access``."""
    wrong = []
    for app in APPS:
        for path in modules(app):
            if path.relative_to(ROOT / app).parts[0] not in {"views", "views.py"}:
                continue
            for number, line in enumerate(path.read_text().splitlines(), start=1):
                if "get_object_or_404" in line or ".objects." in line or "_default_manager" in line:
                    wrong.append(f"{path.relative_to(ROOT)}:{number} {line.strip()}")
    assert wrong == []


def test_models_have_no_signals_and_no_order_of_their_own() -> None:
    wrong = []
    for app in APPS:
        for path in modules(app):
            text = path.read_text()
            if "post_save" in text or "pre_save" in text or "@receiver" in text:
                wrong.append(f"{path}: signal")
            if path.relative_to(ROOT / app).parts[0] == "models" and "ordering =" in text:
                wrong.append(f"{path}: Meta.ordering")
    assert wrong == []


def _functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize("app", APPS)
def test_public_services_say_what_they_mean(app: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}"
        for path in modules(app)
        if path.relative_to(ROOT / app).parts[0] in {"services", "selectors", "models"}
        for function in _functions(path)
        if not function.name.startswith("_") and ast.get_docstring(function) is None
    ]
    assert wrong == []
