"""The living page: every component of the interface in its states, with the real markup."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from pmo_portal.lib.access import signed_in


class SampleForm(forms.Form):
    """A field of each kind, one of them wrong when it is bound to SAMPLE_INPUT."""

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("As people say it aloud."))
    kind = forms.ChoiceField(label=_("Kind"), choices=[("TEAM", _("Team")), ("PROGRAM", _("Program"))], required=False)
    starts_on = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    note = forms.CharField(label=_("Note"), widget=forms.Textarea(attrs={"rows": 3}), required=False)
    is_external = forms.BooleanField(label=_("Works outside the organisation"), required=False)
    method = forms.ChoiceField(
        label=_("Method"),
        choices=[("SCRUM", "Scrum"), ("KANBAN", "Kanban")],
        widget=forms.RadioSelect,
        initial="SCRUM",
    )


SAMPLE_INPUT = {"wrong-name": "Harbour", "wrong-kind": "TEAM", "wrong-starts_on": "31 Feb"}

TREND = [14, 11, 15, 13, 17, 16, 19, 18, 22, 21, 24, 23]


@signed_in(reason="It shows invented data only.")
def components(request: HttpRequest) -> HttpResponse:
    """Show all components; the page is for those who build and review pages."""
    return render(request, "components/living.html", living_context(request))


def living_context(request: HttpRequest) -> dict[str, Any]:
    """What the living page draws: invented, the same every time."""
    rows = _rows()
    return {
        "crumbs": [("Larkfield", "#"), ("Payments", "#"), ("Components", "#")],
        "navigation": getattr(request, "sample_navigation", None) or [],
        "create_actions": [
            {"label": _("Work item"), "url": "#", "icon": "square-check"},
            {"label": _("Epic"), "url": "#", "icon": "zap"},
        ],
        "tiles": _tiles(),
        "chips": [
            {"label": "Mine", "url": "?mine=1", "count": 4, "is_on": True, "icon": "user-round"},
            {"label": "Blocked", "url": "?blocked=1", "count": 1, "is_on": False, "icon": ""},
            {"label": "Stale", "url": "?stale=1", "count": 2, "is_on": False, "icon": ""},
        ],
        "tabs": [
            {"label": "Overview", "url": "#", "is_current": True, "count": 0, "icon": ""},
            {"label": "History", "url": "#history", "is_current": False, "count": 12, "icon": ""},
            {"label": "Links", "url": "#links", "is_current": False, "count": 2, "icon": ""},
        ],
        "why": [
            {"label": "Trust", "url": "#", "icon": "compass", "kind": "Theme"},
            {"label": "Clear fees", "url": "#", "icon": "zap", "kind": "Epic"},
            {"label": "Fee before transfer", "url": "#", "icon": "package", "kind": "Feature"},
        ],
        "steps": [
            {"label": "File", "url": "#", "is_done": True, "is_current": False},
            {"label": "Columns", "url": "", "is_done": False, "is_current": True},
            {"label": "Check", "url": "", "is_done": False, "is_current": False},
        ],
        "facts": [
            ("Days left", "4 of 10"),
            ("Committed", "51 pts"),
            ("Done", "16 pts"),
            ("Added · removed", "+8 · −3"),
        ],
        "burndown": [51, 51, 48, 56, 53, 48, 40],
        "guideline": [51, 42, 34, 25, 17, 8, 0],
        "rows": rows,
        "sort": request.GET.get("sort", "-finished"),
        "page": Paginator(rows * 4, len(rows)).page(2),
        "form": SampleForm(),
        "wrong_form": SampleForm(data=SAMPLE_INPUT, prefix="wrong"),
        "conflict": {"who": "Tom Brandt", "value": "No calls about refunds"},
        "choices": [("", "Nobody"), ("1", "Ada Sommer"), ("2", "Tom Brandt")],
        "palette_groups": [
            {"label": "Teams", "entries": [_entry("Harbour board", "Payments", "square-kanban")]},
            {"label": "Items", "entries": [_entry("HAR-398 Refund in parts", "In progress", "bookmark")]},
        ],
        "nodes": [
            _entry("Commerce", "Portfolio", "briefcase") | {"depth": 0},
            _entry("Payments", "Program", "layers") | {"depth": 1},
            _entry("Harbour", "Team", "users-round") | {"depth": 2, "is_current": True},
        ],
        "board": _board() | {"csrf_token": get_token(request)},
    }


def _entry(label: str, detail: str, icon: str) -> dict[str, Any]:
    return {"label": label, "url": "#", "detail": detail, "hint": detail, "icon": icon}


def _tiles() -> list[dict[str, Any]]:
    common = {
        "definition": "Items finished in the last 26 weeks, from the first started column to done, in calendar days.",
        "formula": "finish day − start day + 1",
        "excluded": "Cancelled items; items whose start was not seen (9 %).",
        "rows_url": "#rows",
        "as_of": "14:05",
    }
    return [
        {
            **common,
            "id": "tile-cycle",
            "title": "Cycle time, 85 %",
            "value": "9",
            "unit": "days",
            "trend_word": "2 shorter",
            "trend_rest": "than the quarter before",
            "trend_way": "down",
            "trend_tone": "good",
            "series": [14, 13, 13, 12, 12, 11, 11, 10, 9],
            "series_label": "Cycle time fell from 14 to 9 days over nine weeks",
            "sample": "214 items",
        },
        {
            **common,
            "id": "tile-throughput",
            "title": "Throughput",
            "value": "23",
            "unit": "items a week",
            "trend_word": "4 fewer",
            "trend_rest": "than the week before",
            "trend_way": "down",
            "trend_tone": "bad",
            "series": TREND,
            "series_kind": "bars",
            "series_label": "Weekly throughput over twelve weeks, 11 to 24",
            "sample": "12 weeks",
        },
        {
            **common,
            "id": "tile-predictability",
            "title": "Predictability, PI 26.3",
            "value": "86 %",
            "trend_word": "same",
            "trend_rest": "as PI 26.2, inside the healthy band",
            "trend_way": "flat",
            "series": [82, 84, 88, 86, 86, 86],
            "series_kind": "area",
            "series_label": "Predictability over six increments, 82 to 88 %",
            "sample": "4 programs",
        },
        {
            **common,
            "id": "tile-none",
            "title": "Velocity",
            "none_reason": "Not enough data",
            "trend_rest": "Shown after three closed sprints; there is one.",
            "rows_url": "",
            "sample": "1 closed sprint",
        },
    ]


def _rows() -> list[dict[str, Any]]:
    names = ("key", "name", "state", "category", "tone", "health", "done", "soft", "whole", "finished", "money")
    values = [
        ("EP-12", "Clear fees", "Implementing", "ACTIVE", "good", "On track", 41, 46, 52, "18 Dec – 22 Jan", "1.2 M"),
        (
            "EP-15",
            "Instant payouts",
            "Implementing",
            "ACTIVE",
            "warn",
            "At risk",
            20,
            32,
            50,
            "3 Mar – 12 May",
            "0.8 M",
        ),
        ("EP-17", "One identity", "Analysing", "WAITING", "bad", "Off track", 9, 14, 44, "Jun – Sep", "0.3 M"),
        ("EP-9", "Self-service refunds", "Done", "DONE", "good", "On track", 38, 38, 38, "4 Nov", "1.1 M"),
    ]
    return [dict(zip(names, row, strict=True)) for row in values]


def _board() -> dict[str, Any]:
    people = {"AS": "Ada Sommer", "TB": "Tom Brandt", "LK": "Lena Krug", "MO": "Mara Okafor"}
    columns = [
        (
            34,
            "Ready",
            "4",
            False,
            "11 pts",
            "",
            [
                ("Let a merchant pause payouts for a bank holiday", "STORY", "412", "Payouts", "", "5", "MO"),
                ("Show the fee before the transfer is confirmed", "STORY", "415", "Clear fees", "", "3", "AS"),
                ("Retry webhook deliveries with growing delays", "TASK", "417", "Webhooks", "", "3", "TB"),
                ("Batch settlement file limits of the new bank", "SPIKE", "420", "Payouts", "", "", "MO"),
            ],
        ),
        (
            35,
            "In progress",
            "4 / 3 over by 1",
            True,
            "16 pts",
            "",
            [
                ("Refund in parts from the order page", "STORY", "398", "Refunds", "4 d", "5", "AS"),
                ("Rotate signing keys without a restart", "TASK", "401", "Webhooks", "9 d", "3", "TB"),
                ("Amounts in the customer’s currency on receipts", "STORY", "404", "Clear fees", "2 d", "5", "LK"),
                ("Two payouts when the bank answers late", "BUG", "421", "Payouts", "1 d", "3", "MO"),
            ],
        ),
        (
            36,
            "Review",
            "1 / 3",
            False,
            "3 pts",
            "",
            [
                ("Ledger export as of any past day", "STORY", "389", "Ledger", "3 d", "3", "TB"),
            ],
        ),
        (
            37,
            "Test",
            "1 / 2",
            False,
            "5 pts",
            "",
            [
                ("Settlement report splits fees by type", "STORY", "377", "Clear fees", "6 d", "5", "AS"),
            ],
        ),
        (38, "Done", "", False, "", "", []),
    ]
    return {
        "id": "board",
        "label": "Harbour board",
        "unit": 12,
        "move_url": "#",
        "cards_url": "",
        "add_url": "#",
        "columns": [
            {
                "id": at, "name": name, "limit": limit, "is_over": over, "points": points, "policy": policy,
                "cards": [
                    {
                        "id": int(number), "version": 1, "column": at, "rank": f"a{place}", "url": f"#HAR-{number}",
                        "title": title, "type": kind, "type_label": kind.capitalize(), "key": f"HAR-{number}",
                        "epic": epic, "age": age, "age_title": f"{age} in this column" if age else "",
                        "is_old": age == "9 d", "points": size, "initials": who, "person": people[who],
                        "blocked": "Blocked 3 d · bank sandbox down" if number == "377" else "",
                    }
                    for place, (title, kind, number, epic, age, size, who) in enumerate(cards)
                ],
            }
            for at, name, limit, over, points, policy, cards in columns
        ],
    }  # fmt: skip
