"""Pages of the organisation's own words and fields."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organization.forms.customs import CustomFieldEditForm, CustomFieldForm, TermForm
from organization.models import CustomField, Term
from organization.selectors.units import units_holding
from organization.services import customs as services
from organization.terms import CONCEPTS
from pmo_portal.lib.access import Action, access, actor_of, listing, policy_for, visible
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.merging import last_change
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.registry import custom_field_owners
from pmo_portal.lib.windows import local_day


@listing(Action.VIEW, Term)
@require_GET
def term_list(request: HttpRequest) -> HttpResponse:
    """What the organisation calls our concepts."""
    chosen = {term.code: term for term in visible(actor_of(request), Term)}
    context = {
        "concepts": [{"concept": concept, "term": chosen.get(code)} for code, concept in CONCEPTS.items()],
        "may_edit": policy_for(Term).allows_within(actor_of(request), Action.EDIT, None),
        "crumbs": [(_("Administration"), "/administration/"), (_("Words"), "")],
    }
    return render_page(request, "organization/term_list.html", context)


@listing(Action.EDIT, Term)
@require_http_methods(["GET", "POST"])
def term_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Call a concept differently, or as the portal does."""
    if code not in CONCEPTS:
        raise Http404
    term = visible(actor_of(request), Term).filter(code=code).first()
    initial = {"singular": term.singular, "plural": term.plural} if term else {}
    form = TermForm(request.POST or None, initial=initial)
    if form.is_valid():
        with errors_into(form):
            services.term_set(actor=actor_of(request), code=code, at=timezone.now(), **form.cleaned_data)
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "organization:term_list")
    concept = CONCEPTS[code]
    context = {
        "form": form,
        "concept": concept,
        "is_own": term is not None,
        "crumbs": [(_("Administration"), "/administration/"), (_("Words"), "/words/"), (str(concept.singular), "")],
    }
    return render_page(request, "organization/term_edit.html", context, status=422 if form.is_bound else 200)


@listing(Action.VIEW, CustomField)
@require_GET
def custom_field_list(request: HttpRequest) -> HttpResponse:
    """The fields the organisation added."""
    actor = actor_of(request)
    owners = {owner.code: owner.label for owner in custom_field_owners}
    fields = visible(actor, CustomField).select_related("unit").order_by("is_archived", "owner", "position")
    context = {
        "fields": [{"field": field, "owner": owners.get(field.owner, field.owner)} for field in fields],
        "may_create": bool(owners) and bool(actor.units("custom_field.create")),
        "crumbs": [(_("Administration"), "/administration/"), (_("Fields"), "")],
    }
    return render_page(request, "organization/custom_field_list.html", context)


@listing(Action.CREATE, CustomField)
@require_http_methods(["GET", "POST"])
def custom_field_create(request: HttpRequest) -> HttpResponse:
    """Add a field."""
    actor = actor_of(request)
    units = units_holding(actor, "custom_field.create", day=local_day(timezone.now()))
    chosen = request.GET.get("unit", "")
    unit = units.filter(pk=int(chosen)).first() if chosen.isdecimal() and len(chosen) < 19 else None
    form = CustomFieldForm(
        request.POST or None,
        units=units,
        # What is sent is checked by the service, which says what is wrong in words.
        owners=services.custom_field_owners_in(unit) if request.method == "GET" else custom_field_owners,
        initial={"unit": unit, "owner": request.GET.get("owner", "")},
    )
    if form.is_valid():
        with errors_into(form):
            field = services.custom_field_create(actor=actor, at=timezone.now(), **form.cleaned_data)
        if form.is_valid():
            messages.success(request, _("%(field)s is added.") % {"field": field})
            return go_to(request, "organization:custom_field_list")
    context = {
        "form": form,
        "crumbs": [(_("Administration"), "/administration/"), (_("Fields"), "/fields/"), (_("New field"), "")],
    }
    return render_page(request, "organization/custom_field_create.html", context, status=422 if form.is_bound else 200)


@access(Action.EDIT, CustomField, by="pk", select=("unit",))
@require_http_methods(["GET", "POST"])
def custom_field_edit(request: HttpRequest, field: CustomField) -> HttpResponse:
    """Rename a field or change what can be chosen."""
    initial = {
        "label": field.label,
        "help_text": field.help_text,
        "choices": "\n".join(field.choices),
        "seen": last_change(field),
    }
    form = CustomFieldEditForm(request.POST or None, initial=initial)
    if form.is_valid():
        with errors_into(form), conflicts_into(form, seen="seen", now=lambda: last_change(field)):
            services.custom_field_edit(actor=actor_of(request), field=field, at=timezone.now(), **form.cleaned_data)
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "organization:custom_field_list")
    context = {
        "form": form,
        "field": field,
        "crumbs": [(_("Administration"), "/administration/"), (_("Fields"), "/fields/"), (field.label, "")],
    }
    return render_page(request, "organization/custom_field_edit.html", context, status=422 if form.is_bound else 200)


@access(Action.EDIT, CustomField, by="pk")
@require_POST
def custom_field_archive(request: HttpRequest, field: CustomField) -> HttpResponse:
    """Take a field out of forms and lists, or bring it back."""
    services.custom_field_archive(
        actor=actor_of(request), field=field, is_archived=not field.is_archived, at=timezone.now()
    )
    said = _("%(field)s is back.") if field.is_archived else _("%(field)s is archived.")
    messages.success(request, said % {"field": field})
    return go_to(request, "organization:custom_field_list")
