"""One's own page: who I am here, and how the portal looks and speaks to me."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from organization.access import user_of
from organization.arrivals import theme_cookie_set
from organization.forms.sign_in import PreferencesForm
from organization.selectors.people import roles_of
from organization.services.people import preferences_set
from organization.views.mfa import own_tabs
from pmo_portal.lib.access import actor_of, signed_in
from pmo_portal.lib.pages import go_to, render_page


@signed_in("Everybody sees and sets their own preferences only.")
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """My roles, my preferences, my password."""
    user = user_of(request)
    initial = {"theme": user.theme, "language": user.language, "time_zone": user.time_zone}
    form = PreferencesForm(request.POST or None, initial=initial)
    if form.is_valid():
        preferences_set(actor=actor_of(request), user=user, at=timezone.now(), **form.cleaned_data)
        with translation.override(form.cleaned_data["language"] or translation.get_language()):
            messages.success(request, _("Saved"))
        response = go_to(request, "organization:profile")
        theme_cookie_set(response, form.cleaned_data["theme"])
        return response
    context = {
        "form": form,
        "roles": roles_of(user.person) if user.person else [],
        "tabs": own_tabs("profile"),
        "crumbs": [(_("Profile"), "")],
    }
    return render_page(request, "organization/profile.html", context, status=422 if form.is_bound else 200)
