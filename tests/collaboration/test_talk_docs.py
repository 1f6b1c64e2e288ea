"""The example of docs/talk.md works as it is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from collaboration.models import Comment
from organization.models import Period
from pmo_portal.lib import subjects
from tests.access.subjects import Place
from tests.personas import World


@pytest.mark.django_db
def test_a_new_kind_of_thing_gets_talk_as_the_page_says(
    world: World, client_as: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (Path(settings.BASE_DIR) / "docs/talk.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(code.splitlines()) < 20
    monkeypatch.setattr(subjects, "_subjects", dict(subjects._subjects))
    names = {
        "register_subject": subjects.register_subject,
        "Subject": subjects.Subject,
        "Period": Period,
        "reverse": reverse,
        "_": str,
    }
    exec(code, names)  # noqa: S102 - the page's own words
    period = Place(portfolio=world.north, program=world.coast, team=world.harbour).period_of(world.coast)
    client, url = client_as("developer"), f"/talk/period/{period.pk}/"
    assert client.post(f"{url}add/", {"text": "When does it begin?"}).status_code == 303
    assert "When does it begin?" in client.get(url).content.decode()
    assert Comment.objects.get().subject_kind == "period"
    assert client_as("south_staff").get(url).status_code == 404
