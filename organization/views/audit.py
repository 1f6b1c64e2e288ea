"""The audit log: a page of it, the next one, and a file of what is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from organization.forms.audit import AuditForm
from organization.models import AuditRecord
from organization.selectors.audit import PAGE, VIEW, audit_actions, audit_all, audit_kinds, audit_page
from organization.selectors.audit_lines import audit_lines
from organization.selectors.units import units_holding
from pmo_portal.lib.access import Action, Actor, actor_of, listing
from pmo_portal.lib.exports import AT_ONCE_ROWS, FORMATS, ExportColumn, ExportTable, export_response
from pmo_portal.lib.pages import render_page
from pmo_portal.lib.windows import local_day

MOST_EXPORTED: Final = 200_000
"""Rows of one file; whoever needs more asks for shorter times."""


@listing(Action.VIEW, AuditRecord)
@require_GET
def audit_log(request: HttpRequest) -> HttpResponseBase:
    """Who did what, when, and from where; ``?format=`` gives all that fits as a file."""
    actor = actor_of(request)
    form = AuditForm(
        request.GET or None,
        units=units_holding(actor, VIEW, day=local_day(timezone.now())),
        kinds=audit_kinds(actor),
        actions=audit_actions(),
    )
    # A form without data is not bound and asks nothing.
    form.is_bound = True
    question = form.question(after=request.GET.get("after", ""))
    if request.GET.get("format") in FORMATS:
        return _file(request, actor, question)
    found = audit_page(actor, question, size=PAGE + 1)
    shown = found[:PAGE]
    asked = request.GET.copy()
    for name in ("after", "format"):
        asked.pop(name, None)
    older = asked.copy()
    if len(found) > PAGE:
        older["after"] = str(shown[-1].place)
    context = {
        "form": form,
        "lines": audit_lines(actor, shown),
        "asked": asked.urlencode(),
        "older": older.urlencode() if len(found) > PAGE else "",
        "is_first": question.after is None,
        "is_narrowed": any(asked.values()),
        "crumbs": [(_("Administration"), "/administration/"), (_("Audit log"), "")],
    }
    return render_page(request, "organization/audit_log.html", context, fragment="results")


def _file(request: HttpRequest, actor: Actor, question: Any) -> HttpResponseBase:
    def rows() -> Iterator[list[Any]]:
        for found in audit_all(actor, question, most=MOST_EXPORTED):
            for line in audit_lines(actor, found):
                yield [line.at, line.who, line.action, line.kind, line.thing, line.words, line.place]

    # One row more than is sent at once is enough to know that a job must do it.
    count = len(audit_page(actor, question, size=AT_ONCE_ROWS + 1))
    columns = [_("When"), _("Who"), _("What"), _("Kind"), _("Thing"), _("Changes"), _("From")]
    table = ExportTable(
        name="audit-log",
        title=_("Audit log"),
        columns=[ExportColumn(label, width=24) for label in columns],
        rows=rows(),
        row_count=count,
    )
    return export_response(request.GET["format"], table, at=timezone.now(), request=request)
