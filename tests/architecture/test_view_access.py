"""Every view has a policy. Read from the URL tree itself, so that a new page cannot forget it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from pmo_portal.lib.access import AccessRule, all_policies

LIBRARY_VIEWS = {
    "django.views.static": "files of the development server",
    "django.views.i18n": "the translation catalogue holds no data of the portal",
}
"""Views of libraries that carry no rule, by module, and why that is right."""


def patterns(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every URL pattern with the name it is reversed by."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            namespace = f"{prefix}{entry.namespace}:" if entry.namespace else prefix
            yield from patterns(entry, namespace)
        else:
            yield f"{prefix}{entry.name}", entry


def rule_of(callback: Any) -> AccessRule | None:
    """The rule stamped on a view, also through the decorators around it."""
    while callback is not None:
        rule = getattr(callback, "access_rule", None)
        if rule is not None:
            return rule
        callback = getattr(callback, "__wrapped__", None)
    return None


def test_every_view_has_a_rule() -> None:
    without = [
        name
        for name, pattern in patterns()
        if rule_of(pattern.callback) is None
        and not any(pattern.callback.__module__.startswith(module) for module in LIBRARY_VIEWS)
    ]
    assert without == []


def test_every_url_has_a_name_of_its_own() -> None:
    names = [name for name, _ in patterns()]
    assert [name for name in names if name.endswith("None")] == []
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_open_views_say_why() -> None:
    for name, pattern in patterns():
        rule = rule_of(pattern.callback)
        if rule is not None and rule.kind in {"public", "signed_in"}:
            assert len(rule.reason) > 10, name


def test_rules_name_models_with_a_policy_and_arguments_of_the_url() -> None:
    for name, pattern in patterns():
        rule = rule_of(pattern.callback)
        if rule is None or rule.model is None:
            continue
        assert rule.model in all_policies(), name
        if rule.kind == "object":
            assert rule.by in pattern.pattern.converters or f"<{rule.by}>" in str(pattern.pattern), name
