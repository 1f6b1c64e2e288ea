"""The page on which administrators forget a person: one asks, another confirms."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from collaboration.services import erasures as services
from organization.forms.retention import ErasureConfirmForm, ErasureForm
from organization.models import ErasureWish, Person
from organization.selectors.retention import open_erasure_wish
from organization.services import erasure_wishes
from pmo_portal.lib.access import Action, access, actor_of
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.forms import errors_into
from pmo_portal.lib.pages import go_to, render_page


@access(Action.DELETE, Person, by="pk")
@require_http_methods(["GET", "POST"])
def erasure_create(request: HttpRequest, person: Person) -> HttpResponse:
    """Say what goes and what stays; ask for the reason and the name, or for the confirmation of what another asked."""
    actor, now = actor_of(request), timezone.now()
    wish = open_erasure_wish(person, at=now)
    is_own = wish is not None and wish.asked_by_id == actor.person_id
    if wish is not None and request.POST.get("answer") == "no":
        return _dropped(request, person, wish)
    form = (ErasureConfirmForm if wish is not None else ErasureForm)(request.POST or None)
    if not is_own and form.is_valid():
        with errors_into(form):
            if wish is None:
                erasure_wishes.erasure_ask(actor=actor, person=person, at=now, **form.cleaned_data)
                target, told = "collaboration:erasure_create", _("Another administrator is asked to confirm it.")
                key = person.pk
            else:
                key = services.erasure_start(actor=actor, person=person, at=now, **form.cleaned_data).pk
                target = "collaboration:job_detail"
                told = _("The person can no longer act. The texts are being gone through.")
        if form.is_valid():
            messages.success(request, told)
            return go_to(request, target, key)
    context = {
        "form": form,
        "person": person,
        "wish": wish,
        "is_own": is_own,
        "crumbs": [
            (_("People"), reverse("organization:person_list")),
            (person.name, reverse("organization:person_detail", args=[person.pk])),
            (_("Erase"), ""),
        ],
    }
    return render_page(request, "collaboration/erasure_create.html", context, status=422 if form.is_bound else 200)


def _dropped(request: HttpRequest, person: Person, wish: ErasureWish) -> HttpResponse:
    """One's own wish is taken back, another's refused."""
    actor = actor_of(request)
    try:
        erasure_wishes.erasure_drop(actor=actor, person=person, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        is_own = wish.asked_by_id == actor.person_id
        messages.success(request, _("You no longer ask for it.") if is_own else _("The erasure is refused."))
    return go_to(request, "organization:person_detail", person.pk)
