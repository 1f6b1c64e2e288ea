"""What a browser loads: vendored files are what they say, icons exist, a page stays light and keeps to the policy."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import get_template

ROOT = Path(__file__).parents[2]
VENDOR = ROOT / "static" / "vendor"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html")) + sorted((ROOT / "templates").rglob("*.jinja"))
SCRIPTS = sorted((ROOT / "static" / "js").rglob("*.js"))
PAGE_LIMIT_BYTES = 250_000
DOCUMENT_ALLOWANCE_BYTES = 60_000
"""What is left for the page itself: a board of 1,000 cards compresses to less."""


def test_vendored_files_equal_their_checksums() -> None:
    lines = (VENDOR / "SHA256SUMS").read_text().splitlines()
    named = {path: digest for digest, path in (line.split("  ", 1) for line in lines)}
    found = {
        str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "SHA256SUMS"
    }
    assert found == named


def test_vendored_libraries_carry_their_licence() -> None:
    assert [folder.name for folder in VENDOR.iterdir() if folder.is_dir() and not (folder / "LICENSE").exists()] == []


def test_versions_are_pinned() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    assert [name for name, version in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []


def test_source_maps_named_in_files_exist() -> None:
    for path in [*VENDOR.rglob("*.css"), *VENDOR.rglob("*.js")]:
        for name in re.findall(r"sourceMappingURL=([^\s*]+)", path.read_text()):
            assert (path.parent / name).exists(), f"{path.name} names {name}"


def test_every_icon_that_is_asked_for_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (VENDOR / "lucide" / "icons.svg").read_text()))
    asked: dict[str, str] = {}
    for path in TEMPLATES:
        text = path.read_text()
        for name in re.findall(r"""\{% icon ["']([\w-]+)["']""", text) + re.findall(r"\bicon=\"([\w-]+)\"", text):
            asked[name] = path.name
    for path in SCRIPTS:
        for name in re.findall(r"""icon\("([\w-]+)"\)""", path.read_text()):
            asked[name] = path.name
    assert {name: where for name, where in asked.items() if name not in sprite} == {}


def test_registry_entries_of_all_apps_use_icons_of_the_sprite() -> None:
    from pmo_portal.lib import registry

    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (VENDOR / "lucide" / "icons.svg").read_text()))
    entries = [*registry.navigation, *registry.create_actions, *registry.unit_pages]
    assert {entry.icon for entry in entries} <= sprite


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_need_no_eval(path: Path) -> None:
    assert not re.search(r"\beval\(|new Function|setTimeout\(\s*[\"']|innerHTML\s*=|document\.write", path.read_text())


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_keep_to_the_security_policy(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)", text), "inline script"
    assert not re.search(r"\son\w+=\"|hx-on|\"js:|javascript:", text), "inline handler"
    assert not re.search(r"<style\b", text), "inline style sheet"
    assert not re.search(r"(src|href)=\"(https?:)?//", text), "something from another host"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_say_what_they_expect(path: Path) -> None:
    opening = path.read_text()[:300]
    assert "{% comment %}" in opening or opening.startswith("{#")


@pytest.mark.parametrize("path", [each for each in TEMPLATES if each.suffix == ".html"], ids=lambda path: path.name)
def test_templates_compile(path: Path) -> None:
    get_template(str(path.relative_to(ROOT / "templates")))


def test_page_without_charts_stays_light() -> None:
    base = (ROOT / "templates" / "base.html").read_text()
    board = (ROOT / "templates" / "components" / "living.html").read_text()
    names = set(re.findall(r"\{% static '([^']+)' %\}", base + board)) | {"js/live-worker.js"}
    total = 0
    for name in names:
        path = finders.find(name)
        assert path, f"{name} does not exist"
        content = Path(str(path)).read_bytes()
        total += len(content) if name.endswith(".woff2") else len(gzip.compress(content))
    assert total + DOCUMENT_ALLOWANCE_BYTES <= PAGE_LIMIT_BYTES, f"{total} bytes before the page itself"
