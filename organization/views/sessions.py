"""Where I am signed in, and signing out there."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from organization.access import user_of
from organization.selectors.sign_in import open_session_of, open_sessions
from organization.services import sessions as services
from organization.views.mfa import OWN, own_tabs
from pmo_portal.lib.access import actor_of, signed_in
from pmo_portal.lib.pages import go_to, render_page


@signed_in(OWN)
@require_GET
def session_list(request: HttpRequest) -> HttpResponse:
    """The browsers that are signed in as me: which, from where, since when, last seen."""
    here = _here(request)
    rows = sorted(open_sessions(user_of(request), at=timezone.now()), key=lambda row: row.pk != here)
    context = {
        "sessions": rows,
        "here": here,
        "others": sum(row.pk != here for row in rows),
        "tabs": own_tabs("sessions"),
        "crumbs": [(_("Profile"), "/profile/"), (_("Sessions"), "")],
    }
    return render_page(request, "organization/sessions.html", context)


@signed_in(OWN)
@require_POST
def session_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign one other browser out."""
    session = open_session_of(user_of(request), pk)
    if session is None or session.pk == _here(request):
        raise Http404  # here one signs out
    services.session_end(actor=actor_of(request), session=session, at=timezone.now())
    messages.success(request, _("That browser is signed out."))
    return go_to(request, "organization:session_list")


@signed_in(OWN)
@require_POST
def sessions_end_others(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    ended = services.sessions_end_others(
        actor=actor_of(request), user=user_of(request), keep_id=_here(request), at=timezone.now()
    )
    said = ngettext("%(count)s other browser is signed out.", "%(count)s other browsers are signed out.", ended)
    messages.success(request, said % {"count": ended})
    return go_to(request, "organization:session_list")


def _here(request: HttpRequest) -> int:
    number: int = request.session.opened_id  # type: ignore[attr-defined]
    return number
