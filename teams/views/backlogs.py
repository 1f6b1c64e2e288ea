"""The backlog: order, estimate, put into sprints."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from pmo_portal.lib.access import Action, access, actor_of, visible
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.forms import errors_into
from pmo_portal.lib.pages import go_to, render_page, toast, wants_fragment
from teams.forms import BacklogMoveForm, CardsForm, ItemForm, PlanForm
from teams.forms.items import SCALES
from teams.models import EstimateScale, Sprint, Team, WorkItem
from teams.selectors.backlog import BACKLOG, Section, backlog_sections, open_sprints
from teams.selectors.items import SELECT
from teams.selectors.within import open_sprint
from teams.services.items import item_edit, item_move, items_plan
from teams.views.drawing import draw
from teams.views.frames import team_context
from teams.views.setting_up import or_set_up


@require_GET
@or_set_up
@access(Action.VIEW, WorkItem, within=Team, by="code", field="unit__code", select=("unit",))
def backlog(request: HttpRequest, team: Team) -> HttpResponseBase:
    """What waits, in order, below the sprints it is planned into."""
    actor = actor_of(request)
    sections = backlog_sections(team, open_sprints(team), actor=actor)
    may = {
        "can_edit": actor.can("item.edit", team.pk) and not team.is_mirrored,
        "can_create": actor.can("item.create", team.pk) and not team.is_mirrored,
        "can_plan": actor.can("sprint.create", team.pk) and not team.is_mirrored,
        "can_manage": actor.can("sprint.manage", team.pk) and not team.is_mirrored,
    }
    context = {
        **team_context(request, team, "backlog", (_("Backlog"), "")),
        **may,
        "sections": sections,
        "sprints": [section.sprint for section in sections if section.sprint],
        "scale": SCALES.get(team.estimate_scale, ()),
        "is_empty": not any(section.count for section in sections),
    }
    context["backlog"] = _drawn(request, team, sections, may)
    return render_page(request, "teams/backlog.html", context)


@require_GET
@access(Action.VIEW, WorkItem, within=Team, by="code", field="unit__code", select=("unit",))
def backlog_rows_fragment(request: HttpRequest, team: Team) -> HttpResponseBase:
    """The rows named by ``ids`` as they are now, or ``all``, with the sums of every section."""
    form = CardsForm(request.GET)
    if not form.is_valid():
        return HttpResponse(status=422)
    ids = None if form.cleaned_data["all"] else form.cleaned_data["ids"]
    return HttpResponse(_changed(request, team, ids))


@require_POST
@access(Action.MOVE, WorkItem, within=Team, by="code", field="unit__code", select=("unit",))
def backlog_move(request: HttpRequest, team: Team) -> HttpResponseBase:
    """Give an item another place, in its section or another: rank and sprint in one step."""
    form = BacklogMoveForm(request.POST)
    if not form.is_valid():
        return toast(
            HttpResponse(status=422), _("The portal did not understand this move. Load the page."), kind="error"
        )
    actor, wanted = actor_of(request), form.cleaned_data
    item = _item(request, team, wanted["id"])
    target = _section(team, wanted["to"])
    try:
        with transaction.atomic():
            if item.sprint_id != (target.pk if target else None):
                items_plan(actor=actor, items=[item], sprint=target, at=timezone.now())
            before_id = None if wanted["after"] else _first_of(request, team, item, target)
            if wanted["after"] or before_id:
                item_move(
                    actor=actor,
                    item=item,
                    to_state=item.state,
                    after_id=wanted["after"],
                    before_id=before_id,
                    seen_version=None,
                    at=timezone.now(),
                )
    except DomainError as error:
        return toast(HttpResponse(_changed(request, team, [item.pk]), status=error.status), error, kind="error")
    return HttpResponse(_changed(request, team, [item.pk]))


@require_POST
@access(Action.EDIT, WorkItem, within=Team, by="code", field="unit__code", select=("unit",))
def backlog_plan(request: HttpRequest, team: Team) -> HttpResponseBase:
    """Put the picked items into a sprint, or back into the backlog."""
    form = PlanForm(request.POST)
    if not form.is_valid():
        return toast(HttpResponse(status=422), _("Pick the items first."), kind="error")
    target = _section(team, form.cleaned_data["sprint"])
    picked = list(visible(actor_of(request), WorkItem).filter(team=team, pk__in=form.cleaned_data["ids"]))
    if len(picked) != len(form.cleaned_data["ids"]):
        raise Http404
    try:
        items_plan(actor=actor_of(request), items=picked, sprint=target, at=timezone.now())
    except DomainError as error:
        return toast(HttpResponse(status=error.status), error, kind="error")
    if not wants_fragment(request):
        return go_to(request, "teams:backlog", team.unit.code)
    text = ngettext("%(count)s item is in “%(place)s” now.", "%(count)s items are in “%(place)s” now.", len(picked))
    place = target.name if target else _("Backlog")
    answer = go_to(request, "teams:backlog", team.unit.code)
    return toast(answer, text % {"count": len(picked), "place": place})


@require_POST
@access(Action.EDIT, WorkItem, by="key", select=SELECT)
def item_estimate(request: HttpRequest, item: WorkItem) -> HttpResponseBase:
    """Estimate an item in its row of the backlog; answers with the row."""
    form = ItemForm(request.POST, team=item.team, actor=actor_of(request), item=item, only="estimate")
    if form.is_valid():
        with errors_into(form):
            item_edit(actor=actor_of(request), item=item, values=form.values(), seen_version=None, at=timezone.now())
    answer = HttpResponse(_changed(request, item.team, [item.pk], with_heads=form.is_valid()))
    if not form.is_valid():
        return toast(answer, " ".join(str(message) for each in form.errors.values() for message in each), kind="error")
    return answer


def _item(request: HttpRequest, team: Team, pk: int) -> WorkItem:
    """SECURITY: an item of another team does not exist in this backlog."""
    found = visible(actor_of(request), WorkItem).filter(team=team, deleted_at__isnull=True, pk=pk)
    item = found.select_related("state", "team").first()
    if item is None:
        raise Http404
    return item


def _section(team: Team, pk: int) -> Sprint | None:
    """The sprint an id names; None for the backlog. A foreign or closed one does not exist here."""
    if pk == BACKLOG:
        return None
    sprint = open_sprint(team, pk)
    if sprint is None:
        raise Http404
    return sprint


def _first_of(request: HttpRequest, team: Team, item: WorkItem, target: Sprint | None) -> int | None:
    """The first other row of a section, to stand before; None when the section is empty and any place will do."""
    sections = backlog_sections(team, open_sprints(team), actor=actor_of(request))
    rows = next(section.rows for section in sections if section.id == (target.pk if target else BACKLOG))
    return next((row.id for row in rows if row.id != item.pk), None)


def _changed(request: HttpRequest, team: Team, ids: list[int] | None, *, with_heads: bool = True) -> str:
    actor = actor_of(request)
    sprints = open_sprints(team)
    sections = backlog_sections(team, sprints, actor=actor)
    rows = [row for section in sections for row in section.rows if ids is None or row.id in set(ids)]
    gone = sorted(set(ids or ()) - {row.id for row in rows})
    context = {
        "rows": rows,
        "gone": gone,
        "sections": sections if with_heads else [],
        "team": team,
        "can_edit": actor.can("item.edit", team.pk) and not team.is_mirrored,
        "has_estimates": team.estimate_scale != EstimateScale.NONE,
        "scale": team.estimate_scale in SCALES,
    }
    return draw("teams/backlog_rows.jinja", context, request)


def _drawn(request: HttpRequest, team: Team, sections: list[Section], may: dict[str, bool]) -> str:
    code = team.unit.code
    about = {
        section.id: render_to_string(
            "teams/_section_about.html", {"section": section, "sprint": section.sprint, "team": team, **may}, request
        )
        for section in sections
    }
    context: dict[str, Any] = {
        "team": team,
        "sections": sections,
        "about": about,
        "can_edit": may["can_edit"],
        "has_estimates": team.estimate_scale != EstimateScale.NONE,
        "scale": team.estimate_scale in SCALES,
        "move_url": reverse("teams:backlog_move", args=[code]) if may["can_edit"] else "",
        "cards_url": reverse("teams:backlog_rows", args=[code]),
        "items_url": reverse("teams:item_list", args=[code]),
    }
    return draw("teams/backlog.jinja", context, request)
