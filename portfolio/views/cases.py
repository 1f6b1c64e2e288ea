"""The business case of an epic: read it, write the next version, compare two."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from organization.selectors.units import unit_crumbs
from pmo_portal.lib.access import Action, access, actor_of, policy_for, require_within
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.parameters import whole_number
from portfolio.forms.cases import CaseForm
from portfolio.models import BusinessCase, Epic
from portfolio.selectors.cases import case_differences, case_sections, case_versions
from portfolio.services.cases import case_latest, case_save
from portfolio.views.case_approvals import approval_context
from portfolio.views.epic_boards import SELECT
from portfolio.views.epics import epic_page
from portfolio.views.frames import rights_within


def _versions(request: HttpRequest, epic: Epic) -> list[BusinessCase]:
    """SECURITY: who sees the epic does not always see its business case."""
    require_within(actor_of(request), Action.VIEW, BusinessCase, epic.unit_id)
    return case_versions(epic)


def _number(request: HttpRequest, name: str, otherwise: int) -> int:
    value = whole_number(request.GET.get(name, ""))
    return otherwise if value is None else value


def _one(versions: list[BusinessCase], number: int) -> BusinessCase:
    found = next((case for case in versions if case.number == number), None)
    if found is None:
        raise Http404
    return found


@access(Action.VIEW, Epic, by="key", select=SELECT)
@require_GET
def epic_case(request: HttpRequest, epic: Epic) -> HttpResponse:
    """The business case: the version that holds, or the one asked for."""
    versions = _versions(request, epic)
    context: dict[str, Any] = {"versions": versions, "may_case": rights_within(request, BusinessCase, epic.unit)}
    if versions:
        case = _one(versions, _number(request, "version", versions[0].number))
        hidden = policy_for(BusinessCase).hidden_fields(actor_of(request), _with_epic(case, epic))
        sections, missing = case_sections(case, currency=epic.unit.currency, hidden=hidden)
        context |= approval_context(request, epic, case)
        context |= {"case": case, "is_latest": case == versions[0], "sections": sections, "missing": missing}
    return epic_page(request, epic, "case", context)


def _with_epic(case: BusinessCase, epic: Epic) -> BusinessCase:
    """The case with its epic in place, so that asking whose it is costs no statement."""
    case.epic = epic
    return case


@access(Action.VIEW, Epic, by="key", select=SELECT)
@require_GET
def case_compare(request: HttpRequest, epic: Epic) -> HttpResponse:
    """What changed between two versions, word by word; by default between the last two."""
    versions = _versions(request, epic)
    if len(versions) < 2:
        raise Http404
    old = _one(versions, _number(request, "from", versions[1].number))
    new = _one(versions, _number(request, "to", versions[0].number))
    hidden = policy_for(BusinessCase).hidden_fields(actor_of(request), _with_epic(new, epic))
    context = {
        "versions": versions,
        "old": old,
        "new": new,
        "differences": case_differences(old, new, currency=epic.unit.currency, hidden=hidden),
        "is_comparing": True,
    }
    return epic_page(request, epic, "case", context)


@access(Action.VIEW, Epic, by="key", select=SELECT)
@require_http_methods(["GET", "POST"])
def case_edit(request: HttpRequest, epic: Epic) -> HttpResponse:
    """The guided form; saving it makes the next version. The right needed depends on whether there is one yet."""
    actor = actor_of(request)
    latest = case_latest(epic)
    require_within(actor, Action.EDIT if latest else Action.CREATE, BusinessCase, epic.unit_id)
    draft = _with_epic(latest or BusinessCase(), epic)
    form = CaseForm(
        request.POST or None,
        instance=draft,
        hidden=policy_for(BusinessCase).hidden_fields(actor, draft),
        initial={"number": latest.number if latest else None},
    )
    if request.method == "POST" and form.is_valid():
        with errors_into(form), conflicts_into(form, seen="number", now=lambda: _latest_number(epic)):
            case_save(
                actor=actor,
                epic=epic,
                values=form.values(),
                seen_number=form.cleaned_data["number"],
                at=timezone.now(),
            )
        if form.is_valid():
            return go_to(request, "portfolio:epic_case", epic.key)
    context = {
        "epic": epic,
        "form": form,
        "latest": latest,
        "currency": epic.unit.currency,
        "crumbs": [
            *unit_crumbs(actor, epic.unit),
            (epic.key, reverse("portfolio:epic_detail", args=[epic.key])),
            (_("Business case"), ""),
        ],
    }
    return render_page(request, "portfolio/case_edit.html", context, status=422 if form.is_bound else 200)


def _latest_number(epic: Epic) -> int | None:
    latest = case_latest(epic)
    return latest.number if latest else None
