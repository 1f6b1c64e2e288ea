"""Templates and sources keep the habits that other guards rest on: a strict content policy, pages that work without
JavaScript, parts that say what they need."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.architecture.test_layers import APPS, ROOT, modules

TEMPLATES: Final = ROOT / "templates"
EXAMPLES: Final = {"components/living.html"}
"""Shows components with texts of an example; its forms lead nowhere."""

OWN_STYLE: Final = {"500.html"}
"""Drawn when nothing else may be trusted to be there."""


def templates(*endings: str) -> Iterator[tuple[str, str]]:
    """Every template by its path with its text."""
    for path in sorted(TEMPLATES.rglob("*")):
        if path.suffix in endings:
            yield str(path.relative_to(TEMPLATES)), path.read_text()


def opening_tags(text: str) -> Iterator[str]:
    """The opening tags of a template; what stands in template tags may hold any sign."""
    yield from re.findall(r"<[a-z][a-z0-9-]*(?:\{%.*?%\}|\{\{.*?\}\}|\"[^\"]*\"|[^>\"])*>", text, re.S)


def test_no_script_or_style_stands_in_a_page() -> None:
    wrong = [
        f"{name}: {tag[:60]}"
        for name, text in templates(".html", ".jinja")
        for tag in opening_tags(text)
        if name not in OWN_STYLE
        and (re.match(r"<style\b", tag) or (re.match(r"<script\b", tag) and "src=" not in tag and "json" not in tag))
    ]
    assert wrong == []


def test_no_attribute_holds_code() -> None:
    """No inline handlers, no ``hx-on``, no ``js:``: the content policy forbids them, they would silently not work."""
    code = re.compile(r"\s(on[a-z]+|hx-on[:a-z-]*)=|=\"\s*(js:|javascript:)|hx-trigger=\"[^\"{]*\[")
    wrong = [
        f"{name}: {tag[:80]}"
        for name, text in templates(".html", ".jinja")
        for tag in opening_tags(text)
        if code.search(tag)
    ]
    assert wrong == []


def test_what_htmx_sends_works_without_it() -> None:
    """A link or a form with ``hx-`` has its real address too; what has none only fetches more of what is there."""
    wrong = []
    for name, text in templates(".html", ".jinja"):
        for tag in opening_tags(text):
            kind = re.match(r"<([a-z]+)", tag)
            assert kind is not None
            if kind[1] == "a" and re.search(r"\shx-(get|post)=", tag) and "href=" not in tag:
                wrong.append(f"{name}: {tag[:80]}")
            if kind[1] == "form" and "hx-" in tag and "action=" not in tag and not re.search(r"method=.get", tag):
                wrong.append(f"{name}: {tag[:80]}")
    assert wrong == []


def test_forms_that_change_things_carry_the_token() -> None:
    wrong = []
    for name, text in templates(".html", ".jinja"):
        for found in (
            () if name in EXAMPLES else re.finditer(r"<form\b[^>]*method=\"post\".*?</form>", text, re.S | re.I)
        ):
            if not re.search(r"csrf_token|csrfmiddlewaretoken|crispy|csrf_input", found[0]):
                wrong.append(f"{name}: {found[0][:80]}")
    assert wrong == []


def test_nothing_is_marked_safe_in_a_template() -> None:
    """``safe`` and ``autoescape off`` are said in Python, beside the reason, or not at all."""
    wrong = [
        name
        for name, text in templates(".html", ".jinja", ".txt")
        if re.search(r"\|\s*safe\b|autoescape (off|false)", text)
    ]
    assert [name for name in wrong if not name.endswith(".txt")] == []


def test_shared_parts_say_what_they_need() -> None:
    """Fragments and components begin with a comment: purpose and variables."""
    wrong = [
        name
        for name, text in templates(".html", ".jinja")
        if (Path(name).name.startswith("_") or name.startswith(("components/", "jinja2/components/")))
        and not re.match(r"\s*(\{#|\{% comment %\}|\{% extends)", text)
    ]
    assert wrong == []


def test_markup_is_trusted_only_with_a_reason() -> None:
    """Each ``mark_safe`` says on its line why it may."""
    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for app in (*APPS, "pmo_portal")
        for path in modules(app)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if "mark_safe(" in line and not re.search(r"mark_safe\([\"'][^{}]*?[\"']\)|# noqa: S308 - \w+", line)
    ]
    assert wrong == []


def test_failures_are_caught_by_name() -> None:
    wrong = []
    for app in (*APPS, "pmo_portal"):
        for path in modules(app):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ExceptHandler) and (
                    node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"}
                ):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert wrong == []


def test_no_wildcards_and_no_leftovers() -> None:
    leftover = re.compile(r"\bTODO\b(?!\(#\d+\))|\bFIXME\b|\bXXX\b|breakpoint\(|^from \S+ import \*$", re.M)
    wrong = [
        str(path.relative_to(ROOT))
        for app in (*APPS, "pmo_portal")
        for path in modules(app)
        if "settings" not in path.parts and leftover.search(path.read_text())
    ]
    assert wrong == []


def test_services_take_their_arguments_by_name() -> None:
    """``actor`` first, everything by keyword: a call says what it passes."""
    wrong = []
    for app in APPS:
        for path in modules(app):
            if path.relative_to(ROOT / app).parts[0] != "services":
                continue
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    names = [argument.arg for argument in node.args.kwonlyargs]
                    is_check = node.name.startswith("require_")
                    is_engine = path.name in {"tracking.py", "undoing.py", "moves.py", "checks.py"} or is_check
                    if "actor" in [argument.arg for argument in node.args.args] and not is_engine:
                        wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: positional actor")
                    if "actor" in names and names[0] != "actor" and not is_engine:
                        wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: actor is not first")
    assert wrong == []
