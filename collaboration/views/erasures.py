"""The page on which an administrator forgets a person."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from collaboration.services import erasures as services
from organization.forms.retention import ErasureForm
from organization.models import Person
from pmo_portal.lib.access import Action, access, actor_of
from pmo_portal.lib.forms import errors_into
from pmo_portal.lib.pages import go_to, render_page


@access(Action.DELETE, Person, by="pk")
@require_http_methods(["GET", "POST"])
def erasure_create(request: HttpRequest, person: Person) -> HttpResponse:
    """Say what goes and what stays, ask for the reason and the name, and begin."""
    form = ErasureForm(request.POST or None)
    if form.is_valid():
        with errors_into(form):
            job = services.erasure_start(actor=actor_of(request), person=person, at=timezone.now(), **form.cleaned_data)
        if form.is_valid():
            messages.success(request, _("The person can no longer act. The texts are being gone through."))
            return go_to(request, "collaboration:job_detail", job.pk)
    context = {
        "form": form,
        "person": person,
        "crumbs": [
            (_("People"), reverse("organization:person_list")),
            (person.name, reverse("organization:person_detail", args=[person.pk])),
            (_("Erase"), ""),
        ],
    }
    return render_page(request, "collaboration/erasure_create.html", context, status=422 if form.is_bound else 200)
