"""The board as one would first write it: model instances and Django templates. What the real one is compared with.

It has the same door (sign-in, one permission look-up, the team's policy) and draws the same cards.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.utils import timezone

from organization.models.people import initials_of
from pmo_portal.lib.access import Action, access
from pmo_portal.lib.windows import day_start, local_day
from teams.models import Team, WorkItem
from teams.selectors.board import DONE_DAYS

_PAGE = Template((Path(__file__).parent / "plain.html").read_text())


@access(Action.VIEW, WorkItem, within=Team, by="code", field="unit__code", select=("unit",))
def plain_board(request: HttpRequest, team: Team) -> HttpResponse:
    """All cards of a team's board, nothing cached."""
    today = local_day(timezone.now())
    since = day_start(today - timedelta(days=DONE_DAYS))
    found = (
        WorkItem.objects.present()
        .filter(team=team, parent__isnull=True)
        .filter(~Q(state__category__in=["DONE", "CANCELLED"]) | Q(state_entered_at__gte=since))
        .select_related("state", "assignee", "feature__epic")
        .ranked()
    )
    columns: dict[int, list[WorkItem]] = {}
    for item in found:
        item.age_days = (today - local_day(item.state_entered_at)).days  # type: ignore[attr-defined]
        item.initials = initials_of(item.assignee.name) if item.assignee else ""  # type: ignore[attr-defined]
        columns.setdefault(item.state_id, []).append(item)
    states = team.workflow.states.order_by("position")
    context = Context({"team": team, "columns": [(state, columns.get(state.pk, [])) for state in states]})
    return HttpResponse(_PAGE.render(context))
