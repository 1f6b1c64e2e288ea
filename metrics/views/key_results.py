"""Pages of key results and check-ins."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from metrics.forms.objectives import KeyResultForm
from metrics.forms.value import CheckInForm, SeenVersionForm
from metrics.models import CheckIn, DrivenBy, KeyResult, Objective
from metrics.selectors.value import value_text
from metrics.selectors.value_scope import currency_of
from metrics.services import check_ins as check_in_services
from metrics.services import objectives as services
from metrics.views.value_frames import away_answer, value_crumbs
from pmo_portal.lib.access import Action, Denied, access, actor_of, policy_for
from pmo_portal.lib.errors import Refused
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.pages import go_to, render_page
from portfolio.selectors.lookups import version_now
from portfolio.views.details import refusal

SELECT = ("objective__unit", "kpi")
CHECK_IN_SELECT = ("key_result__objective__unit", "key_result__kpi")


@access(Action.EDIT, Objective, by="pk", select=("unit", "period"))
@require_http_methods(["GET", "POST"])
def key_result_create(request: HttpRequest, objective: Objective) -> HttpResponse:
    """A form for a new key result of an objective."""
    actor = actor_of(request)
    initial = {
        "currency": currency_of(objective.unit),
        "due_on": objective.period and objective.period.ends_on - timedelta(days=1),
    }
    form = KeyResultForm(request.POST or None, actor=actor, unit=objective.unit, initial=initial)
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            services.key_result_create(actor=actor, objective=objective, values=form.values(), at=timezone.now())
        if form.is_valid():
            messages.success(request, _("The key result is added."))
            return go_to(request, "metrics:objective_detail", objective.pk)
    return _form_page(request, objective, form, _("New key result"), _("Create key result"))


@access(Action.EDIT, KeyResult, by="pk", select=SELECT)
@require_http_methods(["GET", "POST"])
def key_result_edit(request: HttpRequest, key_result: KeyResult) -> HttpResponse:
    """All fields of a key result in one form."""
    actor, objective = actor_of(request), key_result.objective
    form = KeyResultForm(
        request.POST or None,
        actor=actor,
        unit=objective.unit,
        instance=key_result,
        initial={"version": key_result.version},
    )
    if request.method == "POST" and form.is_valid():
        with errors_into(form), conflicts_into(form, seen="version", now=lambda: version_now(key_result)):
            services.key_result_edit(
                actor=actor,
                key_result=key_result,
                values=form.values(),
                seen_version=form.cleaned_data["version"],
                at=timezone.now(),
            )
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "metrics:objective_detail", objective.pk)
    return _form_page(request, objective, form, _("Edit key result"), _("Save"))


@access(Action.EDIT, KeyResult, by="pk", select=SELECT)
@require_POST
def key_result_archive(request: HttpRequest, key_result: KeyResult) -> HttpResponse:
    """Leave a key result out of its objective; with ``?back`` take it back."""
    name = {"name": key_result.title}
    return away_answer(
        request,
        lambda is_away: services.key_result_archive(
            actor=actor_of(request), key_result=key_result, is_archived=is_away, at=timezone.now()
        ),
        here=reverse("metrics:key_result_archive", args=[key_result.pk]),
        away=_("“%(name)s” is archived.") % name,
        again=_("“%(name)s” is back.") % name,
        back=("metrics:objective_detail", key_result.objective_id),
    )


@access(Action.CREATE, CheckIn, by="pk", within=KeyResult, select=SELECT)
@require_http_methods(["GET", "POST"])
def key_result_check_in(request: HttpRequest, key_result: KeyResult) -> HttpResponse:
    """Say where a key result stands, and how sure one is to reach its target."""
    actor = actor_of(request)
    _require_sight(request, key_result)
    if key_result.driven_by != DrivenBy.BY_HAND or key_result.archived_at is not None:
        error = Refused(_("This key result takes no check-ins."))
        return refusal(request, error, "metrics:objective_detail", key_result.objective_id)
    form = CheckInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            check_in = check_in_services.check_in_record(
                actor=actor, key_result=key_result, values=form.values(), at=timezone.now()
            )
        if form.is_valid():
            undo = reverse("metrics:check_in_remove", args=[check_in.pk])
            said = _("%(value)s is noted.") % {"value": value_text(check_in.value, key_result)}
            messages.success(request, said, extra_tags=undo)
            return go_to(request, "metrics:objective_detail", key_result.objective_id)
    title = _("Check in: %(name)s") % {"name": key_result.title}
    return _form_page(request, key_result.objective, form, title, _("Check in"))


@access(Action.EDIT, CheckIn, by="pk", select=CHECK_IN_SELECT)
@require_http_methods(["GET", "POST"])
def check_in_edit(request: HttpRequest, check_in: CheckIn) -> HttpResponse:
    """Correct a check-in; what it said stays in the history."""
    key_result = check_in.key_result
    _require_sight(request, key_result)
    form = CheckInForm(request.POST or None, instance=check_in, initial={"version": check_in.version})
    if request.method == "POST" and form.is_valid():
        with errors_into(form), conflicts_into(form, seen="version", now=lambda: version_now(check_in)):
            check_in_services.check_in_correct(
                actor=actor_of(request),
                check_in=check_in,
                values=form.values(),
                seen_version=form.cleaned_data["version"],
                at=timezone.now(),
            )
        if form.is_valid():
            messages.success(request, _("Corrected"))
            return go_to(request, "metrics:objective_detail", key_result.objective_id)
    return _form_page(request, key_result.objective, form, _("Correct a check-in"), _("Save"))


@access(Action.EDIT, CheckIn, by="pk", select=CHECK_IN_SELECT)
@require_POST
def check_in_remove(request: HttpRequest, check_in: CheckIn) -> HttpResponse:
    """Take a check-in back; with ``?back`` bring it back."""
    _require_sight(request, check_in.key_result)
    return away_answer(
        request,
        lambda is_away: check_in_services.check_in_remove(
            actor=actor_of(request), check_in=check_in, is_removed=is_away, at=timezone.now()
        ),
        here=reverse("metrics:check_in_remove", args=[check_in.pk]),
        away=_("The check-in is taken back."),
        again=_("The check-in is back."),
        back=("metrics:objective_detail", check_in.key_result.objective_id),
    )


def _require_sight(request: HttpRequest, key_result: KeyResult) -> None:
    """Amounts are entered by those who may see them."""
    if policy_for(CheckIn).hidden_fields(actor_of(request), CheckIn(key_result=key_result)):
        raise Denied(Action.EDIT, key_result)


def _form_page(
    request: HttpRequest, objective: Objective, form: SeenVersionForm, title: str, submit: str
) -> HttpResponse:
    back = reverse("metrics:objective_detail", args=[objective.pk])
    context = {
        "title": title,
        "unit": objective.unit,
        "form": form,
        "submit": submit,
        "cancel_url": back,
        "crumbs": value_crumbs((_("Objectives"), reverse("metrics:objective_list")), (objective.title, back), title),
    }
    return render_page(request, "metrics/value_form.html", context, status=422 if form.is_bound else 200)
