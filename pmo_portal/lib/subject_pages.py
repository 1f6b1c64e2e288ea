"""Tabs that every subject has, whichever app its page belongs to: its talk, its files, its links.

An app that keeps something about things registers a :class:`SubjectPage`; an app that has things registers how the
frame of their page is drawn. So a tab of comments stands inside the page of an epic, and neither app knows the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from pmo_portal.lib.access import Actor, actor_of
from pmo_portal.lib.pages import render_page, wants_fragment
from pmo_portal.lib.registry import Registry
from pmo_portal.lib.subjects import Subject, subject_named

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

COUNTS_URL: Final = "collaboration:subject_counts"


@dataclass(frozen=True, slots=True)
class SubjectPage:
    """One tab of every subject. ``url_name`` takes the kind and the id of the thing and is guarded by
    :func:`subjects.about`. ``count`` says how much of it this person may see; it is asked for once the page stands,
    for all tabs in one request, so that it costs the page itself nothing."""

    code: str
    label: str | _StrPromise
    url_name: str
    icon: str = ""
    count: Callable[[Actor, str, int], int] | None = None


Frame = Callable[[HttpRequest, Any, str, Mapping[str, Any], int], HttpResponse]
"""Draws one tab inside the page of a thing: request, thing, code of the tab, context with ``tab_template``, status."""

subject_pages: Registry[SubjectPage] = Registry()
_frames: Final[dict[str, Frame]] = {}


def register_frame(kind: str, frame: Frame) -> None:
    """Say how tabs of things of a kind are drawn; without it they get a plain page with the same tabs."""
    _frames[kind] = frame


def subject_tabs(request: HttpRequest, kind: str, pk: int, current: str = "") -> list[dict[str, Any]]:
    """The tabs of all apps for one thing, for components/tabs.html; inside a panel they stay in it."""
    suffix = panel_suffix(request)
    tabs: list[dict[str, Any]] = [
        {
            "count_id": count_id(kind, pk, page.code) if page.count else "",
            "label": page.label,
            "icon": page.icon,
            "url": reverse(page.url_name, args=[kind, pk]) + suffix,
            "is_current": page.code == current,
        }
        for page in subject_pages
    ]
    if any(tab["count_id"] for tab in tabs):
        tabs[0] |= {"counts_url": reverse(COUNTS_URL, args=[kind, pk]), "counts_id": count_id(kind, pk)}
    return tabs


def count_id(kind: str, pk: int, code: str = "") -> str:
    """The id of the place of a tab's count, or of what fetches the counts of one thing: a panel shows another thing's
    tabs over those of the page, and neither may write into the other."""
    return "-".join(filter(None, ("count", kind, str(pk), code)))


def tabs_around(request: HttpRequest, kind: str, pk: int, url: str, current: str = "") -> list[dict[str, Any]]:
    """All tabs of a thing whose own page has no tabs of its own: what it is (at ``url``), then those of all apps."""
    own = {"label": _("Overview"), "url": url + panel_suffix(request), "is_current": not current}
    return [own, *subject_tabs(request, kind, pk, current)]


def in_panel(request: HttpRequest) -> bool:
    """Whether the answer goes into the side panel; what is sent from inside the panel says so in its address."""
    if not wants_fragment(request):
        return False
    return request.GET.get("panel") == "1" or request.htmx.target == "panel"  # type: ignore[attr-defined]


def panel_suffix(request: HttpRequest) -> str:
    """What an address carries so that its answer comes into the panel it was asked from."""
    return "?panel=1" if in_panel(request) else ""


def subject_response(
    request: HttpRequest,
    subject: Subject,
    thing: Any,
    *,
    tab: str,
    template: str,
    context: Mapping[str, Any],
    status: int = 200,
) -> HttpResponse:
    """One tab of a thing: ``template`` inside the page of its own app, as a page or in the panel."""
    whole = {**context, "tab_template": template, "subject_kind": subject.code, "subject_pk": thing.pk}
    frame = _frames.get(subject.code, _plain)
    return frame(request, thing, tab, whole, status)


def _plain(request: HttpRequest, thing: Any, tab: str, context: Mapping[str, Any], status: int) -> HttpResponse:
    subject = subject_named(context["subject_kind"])
    title, url = subject.title(thing), subject.url(thing)
    frame = {
        "title": title,
        "why": subject.why(actor_of(request), thing) if subject.why else [],
        "tabs": tabs_around(request, subject.code, thing.pk, url, tab),
        "crumbs": [(title, url), (next(p.label for p in subject_pages if p.code == tab), "")],
    }
    return render_page(request, "components/subject_page.html", {**frame, **context}, fragment="body", status=status)
