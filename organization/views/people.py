"""Pages of people: the list, one person, their sign-in and their roles."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organization.forms.people import InviteForm, PersonEditForm, PersonForm, RoleEndForm, RoleGiveForm
from organization.models import Person, Role, RoleAssignment, Unit
from organization.querysets import UnitQuerySet
from organization.selectors.history import person_history_entries
from organization.selectors.mfa import has_second_step
from organization.selectors.people import roles_of, sign_in_of
from organization.selectors.sign_in import open_invitation_of
from organization.selectors.units import units_holding
from organization.services import people as services
from organization.services import roles as role_services
from pmo_portal.lib.access import Action, Actor, access, actor_of, listing, policy_for, visible
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.merging import last_change
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.windows import local_day


@access(Action.VIEW, Person, by="pk", select=("unit", "user"))
@require_GET
def person_detail(request: HttpRequest, person: Person) -> HttpResponse:
    """One person: where they belong, what they hold, how they sign in."""
    actor = actor_of(request)
    context = {
        **_person_context(actor, person, "overview"),
        "roles": [role for role in roles_of(person) if _sees_role(actor, person, role)],
        "today": local_day(timezone.now()),
        "may_give": bool(actor.units("role.create")) or actor.can("role.create", None),
    }
    return render_page(request, "organization/person_detail.html", context)


@access(Action.VIEW, Person, by="pk")
@require_GET
def person_history(request: HttpRequest, person: Person) -> HttpResponse:
    """Every change of a person and their roles."""
    actor = actor_of(request)
    context = {**_person_context(actor, person, "history"), "entries": person_history_entries(actor, person)}
    return render_page(request, "organization/person_history.html", context)


@listing(Action.CREATE, Person)
@require_http_methods(["GET", "POST"])
def person_create(request: HttpRequest) -> HttpResponse:
    """Add somebody."""
    actor = actor_of(request)
    form = PersonForm(request.POST or None, units=_units_for(actor, "person.create"))
    if form.is_valid():
        with errors_into(form):
            person = services.person_create(actor=actor, at=timezone.now(), **form.cleaned_data)
        if form.is_valid():
            messages.success(request, _("%(person)s is added.") % {"person": person})
            return go_to(request, "organization:person_detail", person.pk)
    context = {"form": form, "crumbs": [(_("People"), "/people/"), (_("New person"), "")]}
    return render_page(request, "organization/person_create.html", context, status=422 if form.is_bound else 200)


@access(Action.EDIT, Person, by="pk", select=("unit", "user"))
@require_http_methods(["GET", "POST"])
def person_edit(request: HttpRequest, person: Person) -> HttpResponse:
    """Describe a person anew."""
    actor = actor_of(request)
    initial = {
        "name": person.name,
        "email": person.email,
        "unit": person.unit_id,
        "is_external": person.is_external,
        "seen": last_change(person),
    }
    units = _units_for(actor, "person.create")
    form = PersonEditForm(request.POST or None, initial=initial, units=units)
    if person.unit is not None and not units.contains(person.unit):
        del form.fields["unit"]  # they belong where this actor has no say: that stays as it is
    if form.is_valid():
        with errors_into(form), conflicts_into(form, seen="seen", now=lambda: last_change(person)):
            values = {"unit": person.unit, **form.cleaned_data}
            services.person_edit(actor=actor, person=person, at=timezone.now(), **values)
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "organization:person_detail", person.pk)
    context = {**_person_context(actor, person, "overview"), "form": form}
    return render_page(request, "organization/person_edit.html", context, status=422 if form.is_bound else 200)


@access(Action.EDIT, Person, by="pk", select=("user",))
@require_http_methods(["GET", "POST"])
def person_invite(request: HttpRequest, person: Person) -> HttpResponse:
    """Give somebody a sign-in, or send its link once more."""
    actor = actor_of(request)
    base_url = request.build_absolute_uri("/")
    user = sign_in_of(person)
    form = InviteForm(request.POST or None, initial={"email": person.email})
    if user is not None and request.method == "POST":
        return _invite_again(request, person, base_url)
    if form.is_valid():
        with errors_into(form):
            services.user_invite(actor=actor, person=person, base_url=base_url, at=timezone.now(), **form.cleaned_data)
        if form.is_valid():
            messages.success(request, _("A link to choose a password is on its way."))
            return go_to(request, "organization:person_detail", person.pk)
    context = {
        **_person_context(actor, person, "overview"),
        "form": form,
        "user_invited": user,
        "invitation": open_invitation_of(person) if user is not None else None,
        "has_second_step": user is not None and has_second_step(user),
    }
    return render_page(request, "organization/person_invite.html", context, status=422 if form.is_bound else 200)


@access(Action.EDIT, Person, by="pk")
@require_POST
def person_deactivate(request: HttpRequest, person: Person) -> HttpResponse:
    """Let somebody no longer act; every session of theirs ends."""
    return _person_switch(request, person, active=False)


@access(Action.EDIT, Person, by="pk")
@require_POST
def person_activate(request: HttpRequest, person: Person) -> HttpResponse:
    """Let somebody act again."""
    return _person_switch(request, person, active=True)


@listing(Action.CREATE, RoleAssignment)
@require_http_methods(["GET", "POST"])
def role_give(request: HttpRequest) -> HttpResponse:
    """Give somebody a role on a unit."""
    actor = actor_of(request)
    now = timezone.now()
    initial = {
        "person": request.GET.get("person"),
        "unit": request.GET.get("unit"),
        "role": request.GET.get("role", Role.DEVELOPER),
        "valid_from": local_day(now),
    }
    form = RoleGiveForm(
        request.POST or None,
        initial=initial,
        people=visible(actor, Person).filter(is_active=True).order_by("name"),
        units=_units_for(actor, "role.create"),
        everywhere=actor.can("role.create", None),
    )
    if form.is_valid():
        with errors_into(form):
            given = role_services.role_give(actor=actor, at=now, **form.values())  # type: ignore[arg-type]
        if form.is_valid():
            messages.success(
                request, _("%(person)s is %(role)s now.") % {"person": given.person, "role": given.get_role_display()}
            )
            if given.unit and request.GET.get("unit") == str(given.unit.pk):
                return go_to(request, "organization:unit_people", given.unit.code)
            return go_to(request, "organization:person_detail", given.person_id)
    context = {"form": form, "crumbs": [(_("People"), "/people/"), (_("Give a role"), "")]}
    return render_page(request, "organization/role_give.html", context, status=422 if form.is_bound else 200)


@access(Action.DELETE, RoleAssignment, by="pk", select=("person", "unit"))
@require_http_methods(["GET", "POST"])
def role_end(request: HttpRequest, assignment: RoleAssignment) -> HttpResponse:
    """Let a role end after its last day."""
    now = timezone.now()
    form = RoleEndForm(request.POST or None, initial={"last_day": local_day(now)})
    if form.is_valid():
        with errors_into(form):
            on_day = form.cleaned_data["last_day"] + timedelta(days=1)
            role_services.role_end(actor=actor_of(request), assignment=assignment, on_day=on_day, at=now)
        if form.is_valid():
            messages.success(request, _("The role ends."))
            return go_to(request, "organization:person_detail", assignment.person_id)
    context = {
        "form": form,
        "assignment": assignment,
        "crumbs": [
            (_("People"), "/people/"),
            (assignment.person.name, f"/people/{assignment.person_id}/"),
            (_("End a role"), ""),
        ],
    }
    return render_page(request, "organization/role_end.html", context, status=422 if form.is_bound else 200)


def _person_switch(request: HttpRequest, person: Person, *, active: bool) -> HttpResponse:
    service = services.person_activate if active else services.person_deactivate
    try:
        service(actor=actor_of(request), person=person, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        said = _("%(person)s can act again.") if active else _("%(person)s is inactive and signed out everywhere.")
        messages.success(request, said % {"person": person})
    return go_to(request, "organization:person_detail", person.pk)


def _invite_again(request: HttpRequest, person: Person, base_url: str) -> HttpResponse:
    try:
        services.user_invite_again(actor=actor_of(request), person=person, base_url=base_url, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("A link to choose a password is on its way."))
    return go_to(request, "organization:person_detail", person.pk)


def _person_context(actor: Actor, person: Person, current: str) -> dict[str, Any]:
    policy = policy_for(Person)
    may_edit = policy.allows(actor, Action.EDIT, person)
    return {
        "person": person,
        "person_user": sign_in_of(person) if may_edit else None,
        "home_unit": _home_unit(actor, person),
        "shown_email": "" if "email" in policy.hidden_fields(actor, person) else person.email,
        "may_edit": may_edit,
        "tabs": [
            {"label": _("Overview"), "url": f"/people/{person.pk}/", "is_current": current == "overview"},
            {"label": _("History"), "url": f"/people/{person.pk}/history/", "is_current": current == "history"},
        ],
        "crumbs": [(_("People"), "/people/"), (person.name, "")],
    }


def _home_unit(actor: Actor, person: Person) -> Unit | None:
    """Where a person belongs, if the viewer may know that unit."""
    seen = person.unit_id is not None and actor.can("unit.view", person.unit_id)
    return person.unit if seen or person.pk == actor.person_id else None


def _sees_role(actor: Actor, person: Person, role: RoleAssignment) -> bool:
    return person.pk == actor.person_id or actor.can("role.view", role.unit_id)


def _units_for(actor: Actor, permission: str) -> UnitQuerySet:
    return units_holding(actor, permission, day=local_day(timezone.now()))
