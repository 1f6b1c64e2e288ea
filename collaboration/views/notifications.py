"""How somebody is told: a way for each kind, units to hear nothing of, and the link in a mail that ends it."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from collaboration.forms.notifications import MuteForm, WaysForm
from collaboration.selectors.notifications import muted_units, ways_of
from collaboration.services import notification_choices as services
from collaboration.services.digests import DIGEST
from collaboration.views.own_tabs import own_tabs
from organization.models import Unit
from pmo_portal.lib.access import actor_of, public, signed_in, visible
from pmo_portal.lib.forms import errors_into
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.parameters import whole_number
from pmo_portal.lib.telling import kind_named

OWN: Final = "Everybody chooses for themselves how they are told."


@signed_in(OWN)
@require_http_methods(["GET", "POST"])
def notification_settings(request: HttpRequest) -> HttpResponse:
    """A way for each kind of thing."""
    actor = actor_of(request)
    form = WaysForm(request.POST or None, ways=ways_of(actor))
    if form.is_valid():
        services.choices_set(actor=actor, ways=form.values(), at=timezone.now())
        messages.success(request, _("Saved"))
        return go_to(request, "collaboration:notification_settings")
    return _page(request, form, None)


@signed_in(OWN)
@require_POST
def unit_mute(request: HttpRequest) -> HttpResponse:
    """Hear nothing of a unit."""
    form = MuteForm(request.POST, units=_units(request))
    if form.is_valid():
        with errors_into(form):
            services.unit_mute(actor=actor_of(request), unit=form.cleaned_data["unit"], at=timezone.now())
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "collaboration:notification_settings")
    return _page(request, None, form)


@signed_in(OWN)
@require_POST
def unit_unmute(request: HttpRequest) -> HttpResponse:
    """Hear of a unit again. SECURITY: the id is looked for among one's own muted units only."""
    pk = whole_number(request.POST.get("unit", ""))
    if pk is None:
        raise Http404
    services.unit_unmute(actor=actor_of(request), unit_id=pk, at=timezone.now())
    messages.success(request, _("Saved"))
    return go_to(request, "collaboration:notification_settings")


# SECURITY: without a token of the form, because mail programs send this by themselves (RFC 8058). The signed link is
# the proof, it was mailed to one address, and it can do one thing that is easily undone.
@csrf_exempt
@public("The signed link of a mail is the proof; it ends mails to its owner and does nothing else.")
@require_http_methods(["GET", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """End mails of a kind, by the link they carry."""
    named = services.unsubscribe_read(token)
    if named is None:
        raise Http404
    person_id, what = named
    if request.method == "POST":
        services.unsubscribe(person_id=person_id, what=what, at=timezone.now())
    label = _("the daily mail") if what == DIGEST else kind_named(what).label
    context = {"is_done": request.method == "POST", "label": label}
    return render_page(request, "collaboration/notification_mails_end.html", context)


def _units(request: HttpRequest) -> Any:
    return visible(actor_of(request), Unit).order_by("name", "pk")


def _page(request: HttpRequest, form: WaysForm | None, mute: MuteForm | None) -> HttpResponse:
    actor = actor_of(request)
    bound = (form is not None and form.is_bound) or mute is not None
    context = {
        "form": form or WaysForm(ways=ways_of(actor)),
        "mute": mute or MuteForm(units=_units(request)),
        "muted": muted_units(actor),
        "tabs": own_tabs("settings"),
        "crumbs": [(_("Inbox"), reverse("collaboration:inbox")), (_("How you are told"), "")],
    }
    return render_page(request, "collaboration/notification_settings.html", context, status=422 if bound else 200)
