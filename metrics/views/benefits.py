"""Pages of benefits: those of an epic, their forms and reviews. The register is in benefit_lists.py."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from metrics.calculations.value import REVIEW_MONTHS
from metrics.forms.benefits import BenefitForm, BenefitReviewForm
from metrics.models import Benefit
from metrics.selectors.value_benefits import benefit_lines, benefits_put_away, benefits_seen, review_of
from metrics.selectors.value_history import benefit_history
from metrics.selectors.value_scope import currency_of
from metrics.services import benefits as services
from metrics.views.value_frames import away_answer, value_crumbs
from pmo_portal.lib.access import Action, Denied, access, actor_of, policy_for
from pmo_portal.lib.errors import Refused
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.windows import local_day
from portfolio.models import Epic
from portfolio.selectors.lookups import version_now
from portfolio.views.details import refusal
from portfolio.views.epics import SELECT as EPIC_SELECT
from portfolio.views.epics import epic_page


@access(Action.VIEW, Epic, by="key", select=EPIC_SELECT)
@require_GET
def epic_benefits(request: HttpRequest, epic: Epic) -> HttpResponse:
    """A tab of an epic: what it promised, and what came of it, as far as one may see benefits of its portfolio."""
    actor, policy = actor_of(request), policy_for(Benefit)
    today = local_day(timezone.now())
    lines = benefit_lines(actor, benefits_seen(actor, day=today).filter(epic=epic), day=today)
    context = {
        "tab_template": "metrics/_epic_benefits.html",
        "lines": lines,
        "may_see": policy.allows_within(actor, Action.VIEW, epic.unit_id),
        "may_create": policy.allows_within(actor, Action.CREATE, epic.unit_id) and epic.deleted_at is None,
        "may_edit": policy.allows_within(actor, Action.EDIT, epic.unit_id) and epic.deleted_at is None,
        "may_delete": policy.allows_within(actor, Action.DELETE, epic.unit_id) and epic.deleted_at is None,
        "put_away": benefits_put_away(actor, epic),
    }
    return epic_page(request, epic, "benefits", context)


@access(Action.CREATE, Benefit, by="key", within=Epic, select=("unit",))
@require_http_methods(["GET", "POST"])
def benefit_create(request: HttpRequest, epic: Epic) -> HttpResponse:
    """A form for what an epic promises."""
    actor = actor_of(request)
    form = BenefitForm(request.POST or None, actor=actor, epic=epic, initial={"currency": currency_of(epic.unit)})
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            benefit = services.benefit_create(actor=actor, epic=epic, values=form.values(), at=timezone.now())
        if form.is_valid():
            messages.success(request, _("“%(name)s” is added.") % {"name": benefit.name})
            return go_to(request, "metrics:epic_benefits", epic.key)
    return _form_page(request, epic, form, _("New benefit"), _("Create benefit"))


@access(Action.EDIT, Benefit, by="pk", select=("epic__unit",))
@require_http_methods(["GET", "POST"])
def benefit_edit(request: HttpRequest, benefit: Benefit) -> HttpResponse:
    """Change what was promised; its history keeps what was promised before."""
    actor = actor_of(request)
    form = BenefitForm(
        request.POST or None,
        actor=actor,
        epic=benefit.epic,
        instance=benefit,
        initial={"version": benefit.version},
    )
    if request.method == "POST" and form.is_valid():
        with errors_into(form), conflicts_into(form, seen="version", now=lambda: version_now(benefit)):
            services.benefit_edit(
                actor=actor,
                benefit=benefit,
                values=form.values(),
                seen_version=form.cleaned_data["version"],
                at=timezone.now(),
            )
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "metrics:epic_benefits", benefit.epic.key)
    entries = benefit_history(actor, benefit)
    return _form_page(request, benefit.epic, form, _("Edit benefit"), _("Save"), entries=entries)


@access(Action.DELETE, Benefit, by="pk", select=("epic__unit",))
@require_POST
def benefit_archive(request: HttpRequest, benefit: Benefit) -> HttpResponse:
    """Put a benefit away; with ``?back`` take it back."""
    name = {"name": benefit.name}
    return away_answer(
        request,
        lambda is_away: services.benefit_archive(
            actor=actor_of(request), benefit=benefit, is_archived=is_away, at=timezone.now()
        ),
        here=reverse("metrics:benefit_archive", args=[benefit.pk]),
        away=_("“%(name)s” is archived.") % name,
        again=_("“%(name)s” is back.") % name,
        back=("metrics:epic_benefits", benefit.epic.key),
    )


@access(Action.EDIT, Benefit, by="pk", select=("epic__unit",))
@require_http_methods(["GET", "POST"])
def benefit_review(request: HttpRequest, benefit: Benefit, months: int) -> HttpResponse:
    """Note what was measured some months after the release, or correct it."""
    actor = actor_of(request)
    if policy_for(Benefit).hidden_fields(actor, benefit):
        raise Denied(Action.EDIT, benefit)
    if months not in REVIEW_MONTHS:
        raise Http404
    if benefit.released_on is None or benefit.archived_at is not None:
        error = Refused(_("Say first since when the epic is live."))
        return refusal(request, error, "metrics:epic_benefits", benefit.epic.key)
    known = review_of(benefit, months)
    form = BenefitReviewForm(
        request.POST or None, instance=known, initial={"version": known.version} if known else None
    )
    if request.method == "POST" and form.is_valid():
        with (
            errors_into(form),
            conflicts_into(form, seen="version", now=lambda: version_now(known) if known else None),
        ):
            services.benefit_review(
                actor=actor,
                benefit=benefit,
                months=months,
                values=form.values(),
                seen_version=form.cleaned_data["version"],
                at=timezone.now(),
            )
        if form.is_valid():
            messages.success(request, _("Noted"))
            return go_to(request, "metrics:epic_benefits", benefit.epic.key)
    title = _("%(name)s, %(months)s months after the release") % {"name": benefit.name, "months": months}
    return _form_page(request, benefit.epic, form, title, _("Save"))


def _form_page(request: HttpRequest, epic: Epic, form: Any, title: str, submit: str, **more: Any) -> HttpResponse:
    back = reverse("metrics:epic_benefits", args=[epic.key])
    context = {
        "title": title,
        "unit": epic.unit,
        "form": form,
        "submit": submit,
        "cancel_url": back,
        "crumbs": value_crumbs((f"{epic.key} {epic.title}", back), title),
        **more,
    }
    return render_page(request, "metrics/value_form.html", context, status=422 if form.is_bound else 200)
