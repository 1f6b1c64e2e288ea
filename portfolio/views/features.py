"""One feature: its fields, its way, its history."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from organization.context import live_context
from organization.selectors.units import unit_crumbs
from organization.terms import named, words
from pmo_portal.lib.access import Action, access, actor_of, policy_for, visible
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.pages import go_to, render_page, toast, wants_fragment
from pmo_portal.lib.parameters import whole_number
from pmo_portal.lib.registry import feature_pages
from pmo_portal.lib.subject_pages import in_panel, register_frame, subject_tabs
from portfolio.forms.things import FeatureForm
from portfolio.models import Epic, Feature, StrategicTheme, TrackedKind
from portfolio.selectors.boards import states_of
from portfolio.selectors.forecasts import forecast_seen
from portfolio.selectors.lookups import column_of
from portfolio.services import features as services
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
from portfolio.views.feature_boards import SELECT
from portfolio.views.frames import rights


def why_chain(request: HttpRequest, epic: Epic | None) -> list[dict[str, str]]:
    """Theme and epic above a feature, as far as this person may see them; components/why.html."""
    actor = actor_of(request)
    if epic is None or epic.deleted_at is not None or not policy_for(Epic).allows(actor, Action.VIEW, epic):
        return []
    theme = (
        visible(actor, StrategicTheme)
        .filter(alignments__epic=epic)
        .order_by("-alignments__share_percent", "pk")
        .first()
    )
    links = []
    if theme is not None:
        url = reverse("portfolio:theme_detail", args=[theme.pk])
        links.append({"label": theme.name, "url": url, "icon": "target", "kind": named("Theme")})
    url = reverse("portfolio:epic_detail", args=[epic.key])
    return [*links, {"label": epic.title, "url": url, "icon": "zap", "kind": named("Epic")}]


def feature_tabs(request: HttpRequest, feature: Feature, current: str) -> list[dict[str, Any]]:
    """What there is to see of a feature; between what it is and what became of it, what higher apps know of it."""
    actor = actor_of(request)
    pages: list[tuple[str, object, str, int | None]] = [
        ("overview", _("Overview"), reverse("portfolio:feature_detail", args=[feature.key]), 0),
        *(
            (page.code, page.label, page.url(feature), page.count(actor, feature) if page.count else None)
            for page in feature_pages
        ),
        ("history", _("History"), reverse("portfolio:feature_history", args=[feature.key]), 0),
    ]
    tabs = [
        {"label": label, "url": url + panel_query(request), "count": count, "is_current": code == current}
        for code, label, url, count in pages
    ]
    return [*tabs[:-1], *subject_tabs(request, "feature", feature.pk, current), tabs[-1]]


def feature_page(
    request: HttpRequest, feature: Feature, tab: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """One tab of a feature, as a page or in the panel. A tab of a higher app brings its ``tab_template``."""
    actor = actor_of(request)
    base = {
        "tab": tab,
        "panel_query": panel_query(request),
        "feature": feature,
        "may": rights(request, feature),
        "why": why_chain(request, feature.epic),
        "tabs": feature_tabs(request, feature, tab),
    }
    if not in_panel(request):
        board = (words(_("{Program} kanban")), reverse("portfolio:program_board", args=[feature.unit.code]))
        base["crumbs"] = [*unit_crumbs(actor, feature.unit), board, (feature.key, "")]
        base.update(live_context(request, [feature.unit_id]))
    return render_page(request, "portfolio/feature_detail.html", {**base, **context}, fragment="body", status=status)


register_frame("feature", feature_page)


@access(Action.VIEW, Feature, by="key", select=SELECT)
@require_GET
def feature_detail(request: HttpRequest, feature: Feature) -> HttpResponse:
    """What the feature is: its fields, each edited in place."""
    return _overview(request, feature)


def _overview(request: HttpRequest, feature: Feature) -> HttpResponse:
    form = FeatureForm(instance=feature, actor=actor_of(request), unit=feature.unit)
    readonly = not rights(request, feature)["edit"] or feature.deleted_at is not None
    names = [name for name in form.fields if name != "version"]
    context = {
        "fields": inline_fields(form, feature, noun="feature", names=names, readonly=readonly),
        "custom_names": form_fields(form.fields),
        "readonly": readonly,
        "states": states_of(feature.unit, TrackedKind.FEATURE),
        "forecast": forecast_seen(actor_of(request), feature),
    }
    return feature_page(request, feature, "overview", context)


@access(Action.VIEW, Feature, by="key", select=SELECT)
@require_GET
def feature_history(request: HttpRequest, feature: Feature) -> HttpResponse:
    """Everything that ever changed, newest first."""
    return _history(request, feature)


def _history(request: HttpRequest, feature: Feature) -> HttpResponse:
    return feature_page(request, feature, "history", history_context(request, feature, "feature"))


@access(Action.EDIT, Feature, by="key", select=SELECT)
@require_POST
def feature_edit_field(request: HttpRequest, feature: Feature, name: str) -> HttpResponse:
    """One field was edited in place."""
    form_of = partial(FeatureForm, actor=actor_of(request), unit=feature.unit)
    return edit_field_answer(request, feature, name, noun="feature", form_of=form_of, edit=services.feature_edit)


@access(Action.MOVE, Feature, by="key", select=SELECT)
@require_POST
def feature_move(request: HttpRequest, feature: Feature) -> HttpResponse:
    """Move to… from the feature's own page: to the top of another state."""
    state = column_of(feature.state.workflow_id, whole_number(request.POST.get("to", "")))
    if state is None:
        raise Http404
    if state.pk == feature.state_id:
        return go_to(request, "portfolio:feature_detail", feature.key)
    try:
        feature = services.feature_move(
            actor=actor_of(request),
            feature=feature,
            to_state=state,
            after_id=None,
            seen_version=None,
            at=timezone.now(),
        )
    except DomainError as error:
        return refusal(request, error, "portfolio:feature_detail", feature.key)
    if not wants_fragment(request):
        return go_to(request, "portfolio:feature_detail", feature.key)
    said = _("%(key)s is in “%(state)s” now.") % {"key": feature.key, "state": state.name}
    undo = reverse("portfolio:feature_undo", args=[feature.key, feature.version])
    return toast(_overview(request, feature), said, undo_url=undo)


@access(Action.DELETE, Feature, by="key", select=SELECT)
@require_POST
def feature_delete(request: HttpRequest, feature: Feature) -> HttpResponse:
    """Into the recycle bin, with the way back in the toast."""
    try:
        services.feature_delete(actor=actor_of(request), feature=feature, at=timezone.now())
    except DomainError as error:
        return refusal(request, error, "portfolio:feature_detail", feature.key)
    back = reverse("portfolio:program_board", args=[feature.unit.code])
    return gone_answer(request, feature, noun="feature", back=back)


@access(Action.DELETE, Feature, by="key", select=SELECT)
@require_POST
def feature_restore(request: HttpRequest, feature: Feature) -> HttpResponse:
    """Out of the recycle bin."""
    try:
        services.feature_restore(actor=actor_of(request), feature=feature, at=timezone.now())
    except DomainError as error:
        return refusal(request, error, "portfolio:feature_detail", feature.key)
    return restored_answer(request, feature, noun="feature")


@access(Action.VIEW, Feature, by="key", select=SELECT)
@require_POST
def feature_undo(request: HttpRequest, feature: Feature, seq: int) -> HttpResponse:
    """Take a step back; the service asks for the right that the step itself needs."""
    return undo_answer(request, feature, seq, noun="feature", undo=services.feature_undo, page=_history)
