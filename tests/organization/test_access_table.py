"""The rules are told as they are."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.test import Client

from organization.access_table import NOUNS, VERBS, access_markdown, access_table
from organization.grants import all_permissions
from tests.personas import World


def test_docs_access_is_the_table_of_grants() -> None:
    """Run `manage.py access_doc` after a change of the grants."""
    assert Path(settings.BASE_DIR, "docs", "access.md").read_text(encoding="utf-8") == access_markdown()


def test_every_permission_is_shown_once_and_in_words() -> None:
    shown = [row.permission for group in access_table() for row in group.rows]
    assert sorted(shown) == sorted(all_permissions())
    nouns, verbs = zip(*(permission.split(".") for permission in all_permissions()), strict=True)
    assert set(nouns) <= set(NOUNS)
    assert set(verbs) <= set(VERBS)


def test_access_page_is_open_to_everybody_signed_in(world: World, client: Client) -> None:
    client.force_login(world.persona("stranger").user)
    page = client.get("/access/").content.decode()
    assert "item.edit" in page
    assert "yes, on the unit and all below it and the unit and all above it" in page
