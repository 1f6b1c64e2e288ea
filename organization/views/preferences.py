"""One's own page: who I am here, and how the portal looks and speaks to me."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from organization.access import user_of
from organization.forms.sign_in import PreferencesForm
from organization.models import User
from organization.selectors.people import roles_of
from organization.services.people import preferences_set
from pmo_portal.lib.access import actor_of, signed_in
from pmo_portal.lib.pages import go_to, render_page

YEAR = 365 * 24 * 3600


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
        "crumbs": [(_("Profile"), "")],
    }
    return render_page(request, "organization/profile.html", context, status=422 if form.is_bound else 200)


def theme_cookie_set(response: HttpResponse, theme: str) -> None:
    """Let the browser know the theme too: the server draws the next page in it from the first byte."""
    value = {User.Theme.LIGHT: "light", User.Theme.DARK: "dark"}.get(User.Theme(theme), "system")
    response.set_cookie("theme", value, max_age=YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
