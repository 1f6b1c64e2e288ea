"""The board page against the SQL that fetches its cards, and against the plain version of it."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.data import board_make, house_make
from bench.load import cookie_of, pages_a_second, served
from bench.rows import Row, at_least, at_most, interleaved
from teams.models import Team

ROUNDS = 40

_SQL = """
SELECT i.id, i.key, i.title, i.type, i.version, i.rank, i.estimate, i.state_id, s.name, s.category, i.state_entered_at,
       i.blocked_at, i.blocked_reason, i.due_on, i.labels, i.service_class, p.id, p.name, f.id, f.title, e.id, e.title
  FROM teams_workitem i
  JOIN portfolio_workflowstate s ON s.id = i.state_id
  LEFT JOIN organization_person p ON p.id = i.assignee_id
  LEFT JOIN portfolio_feature f ON f.id = i.feature_id
  LEFT JOIN portfolio_epic e ON e.id = f.epic_id
 WHERE i.team_id = %s AND i.deleted_at IS NULL
 ORDER BY s.position, i.rank
"""


def run() -> list[Row]:
    """The rows "board page" and "boards/s" of docs/performance.md."""
    house = house_make("BRD")
    large, largest = board_make(house, "BRDA", cards=1000), board_make(house, "BRDB", cards=2500)
    client = house.client()
    client.get(_url(large))  # the first visit sets the cookie of forms, which the page's ETag knows
    etag = client.get(_url(large))["ETag"]

    def sql() -> None:
        with connection.cursor() as cursor:
            cursor.execute(_SQL, [large.pk])
            if len(cursor.fetchall()) != 1000:
                raise RuntimeError("the baseline must fetch every card")

    times = interleaved(
        {
            "sql": sql,
            "plain": _page(client, f"/bench/{large.unit.code}/board/"),
            "cold": _page(client, _url(large), is_cold=True),
            "cached": _page(client, _url(large)),
            "unchanged": _page(client, _url(large), etag=etag, status=304),
            "cold 2500": _page(client, _url(largest), is_cold=True),
        },
        rounds=ROUNDS,
    )
    base = times["sql"]
    cold, warm = _statements(client, large, is_cold=True), _statements(client, large, is_cold=False)
    rows = [
        at_most("board, 1,000 cards, cold / the SQL", times["cold"] / base, 5, note=_ms(times["cold"], base)),
        at_most("board, 1,000 cards, cached / the SQL", times["cached"] / base, 2, note=_ms(times["cached"], base)),
        at_most("board unchanged (304) / the SQL", times["unchanged"] / base, 0.5, note=_ms(times["unchanged"], base)),
        at_most("board, 2,500 cards / 1,000, cold", times["cold 2500"] / times["cold"], 2.8),
        Row("plain version (ORM, Django templates) / the SQL", f"{times['plain'] / base:.2f} x", "", ok=True),
        at_most("statements of a board, cold", cold, 8, unit="", note=f"{warm} when cached"),
        at_most("bytes of a card", _card_bytes(client, large), 700, unit=""),
    ]
    return rows + _throughput(client, large)


def _throughput(client: Client, team: Team) -> list[Row]:
    cookie = cookie_of(client)
    with served() as port:
        ours = pages_a_second(port, _url(team), cookie, clients=8, seconds=6)
        plain = pages_a_second(port, f"/bench/{team.unit.code}/board/", cookie, clients=8, seconds=6)
    note = f"{ours:.0f}/s against {plain:.1f}/s"
    return [at_least("boards/s, 8 clients, 2 workers / plain version", ours / plain, 5, note=note)]


def _page(client: Client, url: str, *, is_cold: bool = False, etag: str = "", status: int = 200) -> Callable[[], None]:
    headers = {"If-None-Match": etag} if etag else {}

    def get() -> None:
        answer = client.get(url, headers=headers)
        if answer.status_code != status:
            raise RuntimeError(f"{url} answered {answer.status_code}")

    def forget_and_get() -> None:
        cache.clear()
        get()

    return forget_and_get if is_cold else get


def _statements(client: Client, team: Team, *, is_cold: bool) -> int:
    if is_cold:
        cache.clear()
    with CaptureQueriesContext(connection) as captured:
        client.get(_url(team))
    return len(captured)


def _card_bytes(client: Client, team: Team) -> int:
    """The longest card of the page; titles are of ordinary length."""
    html = client.get(_url(team)).content
    return max(len(card) for card in re.findall(rb'<li class="board-card".*?</li>', html, re.DOTALL))


def _url(team: Team) -> str:
    return f"/teams/{team.unit.code}/board/"


def _ms(value: float, base: float) -> str:
    return f"{value:.1f} ms against {base:.1f} ms"
