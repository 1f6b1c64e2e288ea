"""Epics: the portfolio kanban, and one epic with its tabs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from organization.selectors.units import unit_crumbs
from organization.terms import named, words
from pmo_portal.lib.access import Action, access, actor_of
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.pages import go_to, render_page, toast, wants_fragment
from pmo_portal.lib.parameters import whole_number
from pmo_portal.lib.registry import epic_pages
from pmo_portal.lib.subject_pages import in_panel, register_frame, subject_tabs
from portfolio.forms.things import EpicForm
from portfolio.models import BusinessCase, Epic, ThemeState, TrackedKind
from portfolio.selectors.boards import states_of
from portfolio.selectors.epics import alignments_of, epic_tab_counts, themes_of
from portfolio.selectors.forecasts import forecast_seen
from portfolio.selectors.lookups import column_of
from portfolio.services import epics as services
from portfolio.views.details import (
    edit_field_answer,
    form_fields,
    gone_answer,
    history_context,
    inline_fields,
    panel_query,
    refusal,
    restored_answer,
    undo_answer,
)
from portfolio.views.frames import live_context, rights, rights_within

SELECT = ("unit", "state", "owner")


# -- one epic --------------------------------------------------------------------------------------------------------


def epic_page(
    request: HttpRequest, epic: Epic, tab: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """One tab of an epic, as a page or in the panel. A tab of a higher app brings its ``tab_template``."""
    actor = actor_of(request)
    feature_count, case_count = epic_tab_counts(epic, actor=actor)
    alignments = context["alignments"] if "alignments" in context else alignments_of(epic)
    base = {
        "alignments": alignments,
        "tab": tab,
        "panel_query": panel_query(request),
        "epic": epic,
        "may": rights(request, epic),
        "aligned_percent": sum(each.share_percent for each in alignments),
        "why": [
            {
                "label": each.theme.name,
                "url": reverse("portfolio:theme_detail", args=[each.theme_id]),
                "icon": "target",
                "kind": named("Theme"),
            }
            for each in alignments[:1]
        ],
        "tabs": _tabs(request, epic, tab, feature_count=feature_count, case_count=case_count),
    }
    if not in_panel(request):
        board = (words(_("{Portfolio} kanban")), reverse("portfolio:epic_board", args=[epic.unit.code]))
        base["crumbs"] = [*unit_crumbs(actor, epic.unit), board, (epic.key, "")]
        base.update(live_context(request, [epic.unit_id]))
    return render_page(request, "portfolio/epic_detail.html", {**base, **context}, fragment="body", status=status)


register_frame("epic", epic_page)


def may_see_case(request: HttpRequest, epic: Epic) -> bool:
    """Whether the business case exists for this person."""
    return rights_within(request, BusinessCase, epic.unit)["view"]


def _tabs(
    request: HttpRequest, epic: Epic, current: str, *, feature_count: int, case_count: int
) -> list[dict[str, Any]]:
    actor = actor_of(request)

    def own(page: str) -> str:
        return reverse(f"portfolio:epic_{page}", args=[epic.key])

    tabs: list[tuple[str, object, str, int | None]] = [
        ("overview", _("Overview"), own("detail"), None),
        ("case", _("Business case"), own("case"), case_count),
        ("features", named("Features"), own("features"), feature_count),
        *(
            (page.code, page.label, page.url(epic), page.count(actor, epic) if page.count else None)
            for page in epic_pages
        ),
        ("history", _("History"), own("history"), None),
    ]
    shown: list[dict[str, Any]] = [
        {"label": label, "url": url + panel_query(request), "count": count, "is_current": code == current}
        for code, label, url, count in tabs
        if code != "case" or may_see_case(request, epic)
    ]
    return [*shown[:-1], *subject_tabs(request, "epic", epic.pk, current), shown[-1]]


@access(Action.VIEW, Epic, by="key", select=SELECT)
@require_GET
def epic_detail(request: HttpRequest, epic: Epic) -> HttpResponse:
    """What the epic is: its fields, each edited in place, and what it serves."""
    return _overview(request, epic)


def _overview(request: HttpRequest, epic: Epic, **context: Any) -> HttpResponse:
    actor = actor_of(request)
    form = EpicForm(instance=epic, actor=actor, unit=epic.unit)
    readonly = not rights(request, epic)["edit"] or epic.deleted_at is not None
    names = [name for name in form.fields if name != "version"]
    status = context.pop("status", 200)
    shares = context.pop("shares", None)
    alignments = alignments_of(epic)
    current = {each.theme_id: each.share_percent for each in alignments}
    rows = [
        {"theme": theme, "share": (current if shares is None else shares).get(theme.pk, "")}
        for theme in ([] if readonly else themes_of(epic.unit, actor=actor))
        if theme.state != ThemeState.CLOSED or theme.pk in current
    ]
    context = {
        "fields": inline_fields(form, epic, noun="epic", names=names, readonly=readonly),
        "custom_names": form_fields(form.fields),
        "readonly": readonly,
        "alignments": alignments,
        "states": states_of(epic.unit, TrackedKind.EPIC),
        "theme_rows": rows,
        "forecast": forecast_seen(actor, epic),
        **context,
    }
    return epic_page(request, epic, "overview", context, status=status)


@access(Action.EDIT, Epic, by="key", select=SELECT)
@require_POST
def epic_edit_field(request: HttpRequest, epic: Epic, name: str) -> HttpResponse:
    """One field was edited in place."""
    form_of = partial(EpicForm, actor=actor_of(request), unit=epic.unit)
    return edit_field_answer(request, epic, name, noun="epic", form_of=form_of, edit=services.epic_edit)


@access(Action.EDIT, Epic, by="key", select=SELECT)
@require_POST
def epic_align(request: HttpRequest, epic: Epic) -> HttpResponse:
    """The shares of the themes were set."""
    typed = {
        theme_id: str(value).strip()
        for name, value in request.POST.items()
        if name.startswith("theme_") and (theme_id := whole_number(name.removeprefix("theme_"))) is not None
    }
    error = ""
    status = 422
    try:
        shares = {theme_id: int(value or 0) for theme_id, value in typed.items()}
        epic = services.epic_align(
            actor=actor_of(request),
            epic=epic,
            shares=shares,
            seen_version=whole_number(request.POST.get("version", "")),
            at=timezone.now(),
        )
    except ValidationError as invalid:
        error = " ".join(invalid.messages)
    except ValueError:
        error = _("A share is a whole number of percent, from 1 to 100.")
    except DomainError as refused:
        error, status = str(refused), refused.status
    if error:
        return _overview(request, epic, status=status, shares=typed, align_error=error, is_aligning=True)
    if wants_fragment(request):
        return toast(_overview(request, epic), _("Saved"))
    return go_to(request, "portfolio:epic_detail", epic.key)


@access(Action.VIEW, Epic, by="key", select=SELECT)
@require_GET
def epic_history(request: HttpRequest, epic: Epic) -> HttpResponse:
    """Everything that ever changed, newest first."""
    return _history(request, epic)


def _history(request: HttpRequest, epic: Epic) -> HttpResponse:
    return epic_page(request, epic, "history", history_context(request, epic, "epic"))


@access(Action.MOVE, Epic, by="key", select=SELECT)
@require_POST
def epic_move(request: HttpRequest, epic: Epic) -> HttpResponse:
    """Move to… from the epic's own page: to the top of another state."""
    state = column_of(epic.state.workflow_id, whole_number(request.POST.get("to", "")))
    if state is None:
        raise Http404
    if state.pk == epic.state_id:
        return go_to(request, "portfolio:epic_detail", epic.key)
    try:
        epic = services.epic_move(
            actor=actor_of(request), epic=epic, to_state=state, after_id=None, seen_version=None, at=timezone.now()
        )
    except DomainError as error:
        return refusal(request, error, "portfolio:epic_detail", epic.key)
    if not wants_fragment(request):
        return go_to(request, "portfolio:epic_detail", epic.key)
    said = _("%(key)s is in “%(state)s” now.") % {"key": epic.key, "state": state.name}
    return toast(_overview(request, epic), said, undo_url=reverse("portfolio:epic_undo", args=[epic.key, epic.version]))


@access(Action.DELETE, Epic, by="key", select=SELECT)
@require_POST
def epic_delete(request: HttpRequest, epic: Epic) -> HttpResponse:
    """Into the recycle bin, with the way back in the toast."""
    try:
        services.epic_delete(actor=actor_of(request), epic=epic, at=timezone.now())
    except DomainError as error:
        return refusal(request, error, "portfolio:epic_detail", epic.key)
    return gone_answer(request, epic, noun="epic", back=reverse("portfolio:epic_board", args=[epic.unit.code]))


@access(Action.DELETE, Epic, by="key", select=SELECT)
@require_POST
def epic_restore(request: HttpRequest, epic: Epic) -> HttpResponse:
    """Out of the recycle bin."""
    try:
        services.epic_restore(actor=actor_of(request), epic=epic, at=timezone.now())
    except DomainError as error:
        return refusal(request, error, "portfolio:epic_detail", epic.key)
    return restored_answer(request, epic, noun="epic")


@access(Action.VIEW, Epic, by="key", select=SELECT)
@require_POST
def epic_undo(request: HttpRequest, epic: Epic, seq: int) -> HttpResponse:
    """Take a step back; the service asks for the right that the step itself needs."""
    return undo_answer(request, epic, seq, noun="epic", undo=services.epic_undo, page=_history)
