"""The table of grants, for everybody: rules that nobody can read are not followed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from organization.access_table import access_table
from organization.models import Role
from pmo_portal.lib.access import signed_in
from pmo_portal.lib.pages import render_page


@signed_in("The rules are the same for all and name nobody.")
@require_GET
def access(request: HttpRequest) -> HttpResponse:
    """What each role may do."""
    context = {
        "groups": access_table(),
        "roles": Role.choices,
        "crumbs": [(_("Administration"), "/administration/"), (_("Access"), "")],
    }
    return render_page(request, "organization/access.html", context)
