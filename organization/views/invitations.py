"""Invitations that nobody has taken up yet: seen, sent again, withdrawn."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from organization.models import Person
from organization.selectors.sign_in import open_invitations
from organization.services.invitations import invitation_withdraw as withdraw
from organization.services.people import user_invite_again
from pmo_portal.lib.access import Action, access, actor_of, listing
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.pages import go_to, render_page


@listing(Action.EDIT, Person)
@require_GET
def invitation_list(request: HttpRequest) -> HttpResponse:
    """Who was invited and has not come in yet, of the people I look after."""
    context = {
        "invitations": open_invitations(actor_of(request)),
        "now": timezone.now(),
        "crumbs": [(_("Administration"), "/administration/"), (_("Invitations"), "")],
    }
    return render_page(request, "organization/invitation_list.html", context)


@access(Action.EDIT, Person, by="pk", select=("user",))
@require_POST
def invitation_again(request: HttpRequest, person: Person) -> HttpResponse:
    """Send the link once more; the one sent before works no more."""
    try:
        user_invite_again(
            actor=actor_of(request), person=person, base_url=request.build_absolute_uri("/"), at=timezone.now()
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("A new link is on its way to %(person)s.") % {"person": person})
    return go_to(request, "organization:invitation_list")


@access(Action.EDIT, Person, by="pk", select=("user",))
@require_POST
def invitation_withdraw(request: HttpRequest, person: Person) -> HttpResponse:
    """Take an invitation back."""
    try:
        withdraw(actor=actor_of(request), person=person, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The invitation of %(person)s is withdrawn.") % {"person": person})
    return go_to(request, "organization:invitation_list")
