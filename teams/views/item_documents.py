"""A work item as a document to keep or print: its fields, its text, its parts, its history."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from organization.terms import named
from pmo_portal.lib.access import Action, access, actor_of
from pmo_portal.lib.documents import Section, detail_response
from pmo_portal.lib.format import moment
from pmo_portal.lib.markdown import markdown
from portfolio.selectors.history import history
from portfolio.views.documents import history_section
from teams.forms import ItemForm
from teams.models import WorkItem
from teams.selectors.items import SELECT, sub_items, why_chain
from teams.views.item_fields import display_of

NOT_FACTS = frozenset({"title", "description"})


@require_GET
@access(Action.VIEW, WorkItem, by="key", select=SELECT)
def item_document(request: HttpRequest, item: WorkItem) -> HttpResponseBase:
    """The item as a PDF; where none can be made, as a page to print."""
    actor = actor_of(request)
    form = ItemForm(team=item.team, actor=actor, item=item)
    facts = [(_("State"), item.state.name)]
    facts += [
        (str(control.label), strip_tags(str(display_of(item, name, control) or "–")))
        for name, control in form.fields.items()
        if name not in NOT_FACTS
    ]
    if item.blocked_at:
        facts.append((_("Blocked"), f"{moment(item.blocked_at)}: {item.blocked_reason}"))
    sections = [
        Section(facts=facts),
        Section(_("Description"), html=markdown(item.description) if item.description else ""),
        Section(
            _("Parts"),
            head=(_("Key"), _("Title"), _("State")),
            rows=[(child.key, child.title, child.state.name) for child in sub_items(item)],
        ),
        history_section(history(item, actor=actor)),
    ]
    why = [link.label for link in why_chain(item, actor)]
    return detail_response(
        name=item.key,
        title=f"{item.key} {item.title}",
        scope=" › ".join([*why, f"{named('Team')} {item.team.unit.name}"]),
        sections=sections,
        at=timezone.now(),
    )
