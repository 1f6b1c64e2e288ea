"""Pages without a sign-in that use every part of the interface, and answers as docs/ui.md says.

The organization's names, and those of the inbox, stand for what the shell reaches by them, so that these tests need no
page of any app.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import time_machine
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template import engines
from django.urls import include, path

from metrics.charts import Axis, Band, Chart, Kind, Mark, Point, Scale, Series, chart_file, on_labels
from organization.context import live_context
from organization.models import User
from organization.views.components import living_context
from pmo_portal.lib import tickets

SECTIONS = [
    ("Home", "house", 3), ("Strategy", "compass", 0), ("Portfolio", "briefcase", 0), ("Programs", "layers", 0),
    ("Teams", "users-round", 0), ("Metrics", "chart-line", 0), ("Practice", "book-open", 0),
]  # fmt: skip


def _shell(request: HttpRequest) -> dict[str, Any]:
    request.user = User(email="lena@larkfield.example")
    return {
        "crumbs": [("Larkfield", "#"), ("Payments", "#"), ("Harbour", "#")],
        "create_actions": [{"label": "Work item", "url": "#", "icon": "square-check"}],
        "navigation": [
            {"label": label, "url": "#", "icon": icon, "is_current": label == "Teams", "count": count}
            for label, icon, count in SECTIONS
        ],
    }


@login_not_required
def living(request: HttpRequest) -> HttpResponse:
    """The living page as a person sees it who may open every section."""
    return render(request, "components/living.html", living_context(request) | _shell(request))


BOARD_PAGE = """
{% extends "base.html" %}{% load portal %}
{% block title %}Harbour board{% endblock %}
{% block head %}<link rel="stylesheet" href="{% static 'css/components/board.css' %}">{% endblock %}
{% block scripts %}
  <script src="{% static 'vendor/sortablejs/Sortable.min.js' %}" defer></script>
  <script src="{% static 'js/behaviours/board.js' %}" defer></script>
  <script src="{% static 'js/behaviours/board_input.js' %}" defer></script>
{% endblock %}
{% block main_class %}main-board{% endblock %}
{% block content %}
  <div class="page-head"><h1>Harbour board</h1></div>
  {% board arguments %}
  {% include "components/board_tools.html" only %}
{% endblock %}
"""

PARTS = """{% import "components/board.jinja" as parts %}
{% for c in cards %}{{ parts.card(c) }}{% endfor %}{% for h in heads %}{{ parts.column_head(h) }}{% endfor %}"""

COLUMNS = {1: "Ready", 2: "In progress", 3: "Review", 4: "Frozen"}


class SmallBoard:
    """Five cards in four columns; moves into Frozen are refused."""

    def __init__(self) -> None:
        self.tops = 999
        self.cards = {
            number: {
                "id": number, "version": 1, "column": 1 if number < 4 else 2, "rank": f"a{number}0", "type": "STORY",
                "type_label": "Story", "url": f"/_board/HAR-{number}/", "title": f"Card {number}",
                "key": f"HAR-{number}", "epic": "Payouts", "age": "2 d", "points": "3", "initials": "AS",
                "person": "Ada Sommer",
            }
            for number in range(1, 6)
        }  # fmt: skip

    def heads(self) -> list[dict[str, Any]]:
        return [
            {"id": at, "name": name, "limit": str(sum(card["column"] == at for card in self.cards.values()))}
            for at, name in COLUMNS.items()
        ]

    def columns(self) -> list[dict[str, Any]]:
        def ordered(at: int) -> list[dict[str, Any]]:
            here = [card for card in self.cards.values() if card["column"] == at]
            return sorted(here, key=lambda card: str(card["rank"]))

        return [head | {"cards": ordered(head["id"])} for head in self.heads()]

    def move(self, number: int, to: int, after: str) -> None:
        """Ranks are free between any two here: the rank of the card above, and a bit; above all others counts down."""
        card = self.cards[number]
        above = str(self.cards[int(after)]["rank"]) if after else ""
        self.tops -= 1
        card.update(column=to, rank=f"{above}5" if after else f"Z{self.tops}", version=int(str(card["version"])) + 1)

    def parts(self, cards: list[dict[str, Any]]) -> str:
        template = engines["jinja2"].from_string(PARTS)
        return template.render({"cards": cards, "heads": self.heads()})


BOARD = SmallBoard()


@login_not_required
def board(request: HttpRequest) -> HttpResponse:
    """A fresh board at every load."""
    BOARD.__init__()  # type: ignore[misc]
    arguments = {
        "id": "board", "label": "Harbour board", "unit": 12, "move_url": "/_board/move/", "cards_url": "/_board/cards/",
        "add_url": "/_board/add/", "columns": BOARD.columns(),
    }  # fmt: skip
    context = _shell(request) | {"arguments": arguments}
    return HttpResponse(engines["django"].from_string(BOARD_PAGE).render(context, request))


@login_not_required
def board_move(request: HttpRequest) -> HttpResponse:
    """Answer a move, or refuse it with a reason and the card as it is."""
    number, to = int(request.POST["id"]), int(request.POST["to"])
    if COLUMNS[to] == "Frozen":
        refused = HttpResponse(BOARD.parts([BOARD.cards[number]]), status=422)
        refused["HX-Trigger"] = json.dumps({"toast": {"text": "Frozen takes no cards this week.", "kind": "error"}})
        return refused
    BOARD.move(number, to, request.POST["after"])
    answer = HttpResponse(BOARD.parts([BOARD.cards[number]]))
    answer["HX-Trigger"] = json.dumps({"toast": {"text": f"HAR-{number} moved.", "undo_url": "/_board/undo/"}})
    return answer


@login_not_required
def board_add(request: HttpRequest) -> HttpResponse:
    """Answer quick add with the new cards."""
    made = []
    for title in request.POST.getlist("title"):
        number = max(BOARD.cards) + 1
        template = BOARD.cards[1]
        card = template | {"id": number, "key": f"HAR-{number}", "title": title, "rank": f"z{number}"}
        BOARD.cards[number] = card | {"column": int(request.POST["column"]), "version": 1}
        made.append(BOARD.cards[number])
    return HttpResponse(BOARD.parts(made))


@login_not_required
def board_cards(request: HttpRequest) -> HttpResponse:
    """Answer what changed: somebody moved HAR-5 to Review meanwhile, HAR-4 is gone; or, after an undo, everything."""
    if "all" in request.GET:
        return HttpResponse(BOARD.parts(list(BOARD.cards.values())))
    BOARD.move(5, 3, "")
    return HttpResponse(BOARD.parts([BOARD.cards[5]]) + '<li class="board-card" id="card-4" data-gone></li>')


@login_not_required
def board_undo(request: HttpRequest) -> HttpResponse:
    """Put the cards back where they were; an undo is a change, too."""
    for number, before in SmallBoard().cards.items():
        BOARD.cards[number].update(before | {"version": int(str(BOARD.cards[number]["version"])) + 1})
    answer = HttpResponse(status=204)
    answer["HX-Trigger"] = json.dumps({"toast": {"text": "It is as it was."}})
    return answer


@login_not_required
def board_item(request: HttpRequest, key: str) -> HttpResponse:
    """The detail of a card: a fragment for the panel."""
    return HttpResponse(f"<h2>{key}</h2><p>Opened beside the board.</p><input aria-label='Note'>")


CHARTS_PAGE = """
{% extends "base.html" %}{% load charts %}
{% block content %}
  <h1>Charts</h1>
  <button hx-get="/_charts/?more=1" hx-select="#charts" hx-target="#charts" hx-swap="morph:outerHTML">Again</button>
  <div id="charts">{% for one in charts %}{% chart one %}{% endfor %}</div>
{% endblock %}
"""


@login_not_required
def charts(request: HttpRequest) -> HttpResponseBase:
    """A chart of items, and one of counts whose last bar grows; a name that must stay text."""
    dots = [
        Point(date(2026, 6, day), day * 2, f"/_board/HAR-{day}/", f"HAR-{day} <img src=x onerror=boom()>", 1)
        for day in range(1, 4)
    ]
    dots.append(Point(date(2026, 6, 3), 4, "/_charts/?list=1", "HAR-7, HAR-8", 2))
    bars = on_labels([3, 5, 9 if "more" in request.GET else 7], [f"/_charts/?bar={at}" for at in range(3)])
    shown = [
        Chart(
            code="dots",
            title="Dots",
            summary="Three items and two.",
            x=Axis("Finished on", Scale.DAYS),
            y=Axis("Cycle time", unit="days"),
            series=[Series("", Kind.SCATTER, dots)],
            marks=[Mark(4, "50 %: 4 days"), Mark(4.1, "70 %: 4.1 days")],
            bands=[Band(4, None, "", "warn")],
            opens_panel=True,
        ),
        Chart(
            code="bars",
            title="Bars",
            summary="Finished by week.",
            x=Axis("Week", Scale.LABELS, ["1 Jun", "8 Jun", "15 Jun"]),
            y=Axis("Items"),
            series=[
                Series("Finished", Kind.BAR, bars),
                Series("Guide", Kind.LINE, on_labels([1, 2, 3]), in_table=False),
            ],
        ),
        Chart("none", "Nothing", "", Axis(""), Axis(""), [], empty="Nothing was finished."),
    ]
    if file := chart_file(request, shown, name="example"):
        return file
    context = _shell(request) | {"charts": shown}
    return HttpResponse(engines["django"].from_string(CHARTS_PAGE).render(context, request))


EDIT_PAGE = """
{% extends "base.html" %}
{% block content %}
  <h1>Edit</h1>{% include "components/inline_edit.html" %}<button type="button">Elsewhere</button>
{% endblock %}
"""


@login_not_required
def edit(request: HttpRequest) -> HttpResponse:
    """A title edited in place: blank is wrong, "clash" was changed by somebody else meanwhile."""
    field = {"id": "title", "url": "/_edit/", "name": "title", "label": "Title", "value": "Old", "version": 1}
    if request.method == "GET":
        return HttpResponse(engines["django"].from_string(EDIT_PAGE).render(_shell(request) | field, request))
    value = request.POST["title"]
    outcomes: dict[str, tuple[dict[str, Any], int]] = {
        "": ({"error": "A title is needed.", "current": "Old"}, 422),
        "clash": ({"conflict": {"who": "Tom Brandt", "value": "Theirs"}}, 409),
    }
    changes, status = outcomes.get(value, ({"saved": True}, 200))
    return render(request, "components/inline_edit.html", field | {"value": value} | changes, status=status)


LIVE_PAGE = """
{% extends "base.html" %}{% load portal %}
{% block content %}
  <h1>Live</h1>
  <div id="number" data-live="{{ unit }}" data-live-url="/_live/{{ unit }}/number/" data-live-kinds="metrics">
    <b>{{ number }}</b> <input type="text" aria-label="Note">
  </div>
{% endblock %}
"""


class Asked:
    """How often the page asked for its number."""

    times = 0


@login_not_required
def live_page(request: HttpRequest, unit: int) -> HttpResponse:
    """A page that is live for one unit, as the newest user sees it."""
    Asked.times = 0
    request.user = User.objects.latest("pk")
    age = timedelta(seconds=int(request.GET.get("ticket_age", "0")))
    with time_machine.travel(datetime.now(UTC) - age):
        context = {"unit": unit, "number": 0, "navigation": [], "create_actions": []} | live_context(request, [unit])
    return HttpResponse(engines["django"].from_string(LIVE_PAGE).render(context, request))


@login_not_required
def live_number(request: HttpRequest, unit: int) -> HttpResponse:
    """The number's fragment: one higher each time."""
    Asked.times += 1
    return HttpResponse(
        f'<div id="number" data-live="{unit}" data-live-url="/_live/{unit}/number/" data-live-kinds="metrics">'
        f'<b>{Asked.times}</b> <input type="text" aria-label="Note"></div>'
    )


@login_not_required
def palette(request: HttpRequest) -> HttpResponse:
    """Two places, if their name has the letters asked for."""
    q = request.GET.get("q", "")
    entries = [
        {"label": label, "url": "/_board/", "detail": "Payments", "icon": "square-kanban"}
        for label in ("Harbour board", "Lighthouse board")
        if q.lower() in label.lower()
    ]
    groups = [{"label": "Teams", "entries": entries}] if entries else []
    return render(request, "components/palette_results.html", {"q": q, "groups": groups})


@login_not_required
def scope_tree(request: HttpRequest) -> HttpResponse:
    """The tree of the living page."""
    return render(request, "components/scope_tree.html", {"nodes": living_context(request)["nodes"]})


@login_not_required
def live_ticket(request: HttpRequest) -> HttpResponse:
    """A fresh ticket for the newest user, as the portal gives it to the signed-in one."""
    old = request.POST.getlist("ticket")
    units = tickets.read(old[0], lifetime_seconds=tickets.RENEWABLE_SECONDS).unit_ids
    fresh = tickets.renew(old, user=User.objects.latest("pk"), visible_unit_ids=units)
    return HttpResponse(fresh, content_type="text/plain")


SHELL = [
    path("", living, name="home"),
    path("palette/", palette, name="palette"),
    path("scope/", scope_tree, name="scope_tree"),
    path("live/ticket/", live_ticket, name="live_ticket"),
    path("sign-out/", lambda request: HttpResponse(status=204), name="sign_out"),
]

INBOX = [
    path("inbox/", living, name="inbox"),
    path("inbox/badge/", login_not_required(lambda request: HttpResponse(status=204)), name="inbox_badge"),
]

urlpatterns = [
    path("_edit/", edit),
    path("_charts/", charts),
    path("_live/<int:unit>/", live_page),
    path("_live/<int:unit>/number/", live_number),
    path("_living/", living),
    path("_board/", board),
    path("_board/move/", board_move),
    path("_board/add/", board_add),
    path("_board/cards/", board_cards),
    path("_board/undo/", board_undo),
    path("_board/<str:key>/", board_item),
    path("", include((SHELL, "organization"))),
    path("", include((INBOX, "collaboration"))),
]
