"""An item as a document: its fields, text and history, for whoever may see it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from pmo_portal.lib import documents
from teams.models import TeamMethod
from tests.factories.teams import item_make, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db


def test_an_item_is_kept_as_a_document(
    world: World, client_as: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    team = team_make(world.harbour, method=TeamMethod.SCRUM)
    item = item_make(team, title="Pay <b>by</b> card", description="As a *buyer*\n\n<script>alert(1)</script>")
    url = f"/items/{item.key}/document/"
    client = client_as("developer")
    if documents.pdf_is_possible():
        response = client.get(url)
        assert response.content.startswith(b"%PDF-")
        assert response["Content-Disposition"] == f'attachment; filename="{item.key}.pdf"'
    monkeypatch.setattr(documents, "_weasyprint", lambda: None)
    page = client.get(url).content.decode()
    assert "cannot make PDF files" in page
    assert "Pay &lt;b&gt;by&lt;/b&gt; card" in page
    assert "<em>buyer</em>" in page
    assert "<script>" not in page
    assert "created it" in page
    assert "Harbour" in page
    assert url in client.get(f"/items/{item.key}/").content.decode()
    assert client_as("south_developer").get(url).status_code == 404
