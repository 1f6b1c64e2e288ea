"""What a page of numbers is about: read from an address, compared with other days, said in words."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.selectors.selection import LONGEST_DAYS, Selection, seen_on_of, selection_of
from metrics.selectors.spans import Planned, spans_on
from metrics.selectors.words import against_choice, stretch_choice, than_flow, than_stock
from metrics.views.picking import selection_context
from pmo_portal.lib.windows import Window, portal_zone

TODAY = date(2026, 6, 26)
NOW = datetime(2026, 6, 26, 14, tzinfo=portal_zone())
OWN = (
    Planned(1, "FISCAL_YEAR", "FY 26", Window(date(2026, 4, 1), date(2027, 4, 1))),
    Planned(2, "QUARTER", "FY 26 first", Window(date(2026, 4, 1), date(2026, 7, 1))),
    Planned(3, "QUARTER", "FY 25 last", Window(date(2026, 1, 1), date(2026, 4, 1))),
    Planned(4, "PI", "PI 7", Window(date(2026, 5, 4), date(2026, 7, 13))),
    Planned(5, "PI", "PI 6", Window(date(2026, 2, 23), date(2026, 5, 4))),
    Planned(6, "PI", "PI 8", Window(date(2026, 7, 13), date(2026, 9, 21))),
)


def read(*planned: Planned, **query: str) -> Selection:
    seen_on = date.fromisoformat(query.get("as_of", TODAY.isoformat()))
    return selection_of(query, now=NOW, spans=spans_on(seen_on, planned))


@pytest.mark.parametrize(
    ("query", "start", "end", "before"),
    [
        ({}, "2026-03-30", "2026-06-27", "2025-12-29 2026-03-28"),
        ({"weeks": "4", "against": "year"}, "2026-06-01", "2026-06-27", "2025-06-02 2025-06-28"),
        ({"against": "none"}, "2026-03-30", "2026-06-27", ""),
        ({"weeks": "4", "against": "2026-01-31"}, "2026-06-01", "2026-06-27", "2026-01-06 2026-02-01"),
        ({"span": "quarter"}, "2026-04-01", "2026-06-27", "2026-01-01 2026-03-29"),
        ({"span": "last-quarter"}, "2026-01-01", "2026-04-01", "2025-10-01 2026-01-01"),
        ({"span": "quarter", "as_of": "2026-02-10"}, "2026-01-01", "2026-02-11", "2025-10-01 2025-11-11"),
        ({"span": "last-quarter", "against": "year"}, "2026-01-01", "2026-04-01", "2025-01-01 2025-04-01"),
        ({"span": "year"}, "2026-01-01", "2026-06-27", "2025-01-01 2025-06-27"),
        ({"span": "last-month"}, "2026-05-01", "2026-06-01", "2026-04-01 2026-05-01"),
        ({"from": "2026-05-04", "to": "2026-05-08"}, "2026-05-04", "2026-05-09", "2026-04-29 2026-05-04"),
        ({"from": "2026-05-04"}, "2026-05-04", "2026-06-27", "2026-03-11 2026-05-04"),
    ],
    ids=str,
)
def test_an_address_says_which_days_and_compared_with_which(
    query: dict[str, str], start: str, end: str, before: str
) -> None:
    selection = read(**query)
    assert selection.window == Window(date.fromisoformat(start), date.fromisoformat(end))
    assert selection.as_of == selection.window.last_day
    compared = selection.compared
    assert (f"{compared.start} {compared.end}" if compared else "") == before


def test_the_organisations_own_periods_come_first() -> None:
    assert read(*OWN, span="last-quarter").window == Window(date(2026, 1, 1), date(2026, 4, 1))
    assert stretch_choice(read(*OWN, span="last-quarter")) == "Last closed quarter (FY 25 last)"
    assert stretch_choice(read(*OWN, span="year")) == "This year (FY 26)"
    running = read(*OWN, span="pi-4")
    assert running.window == Window(date(2026, 5, 4), date(2026, 6, 27))
    assert than_flow(running) == "than as many days of PI 6"
    assert than_stock(running) == "than on 17 Apr 2026"
    assert [span.code for span in spans_on(TODAY, OWN) if span.code.startswith("pi-")] == ["pi-4", "pi-5"]
    assert read(*OWN, span="pi-6").span is None, "what has not begun has no numbers"


def test_words_say_what_it_is_compared_with() -> None:
    assert than_flow(read()) == "than the 13 weeks before"
    assert than_stock(read()) == "than 13 weeks ago"
    assert than_flow(read(span="last-quarter")) == "than Q4 2025"
    assert against_choice(read(against="year")) == "a year before"
    assert than_stock(read(against="none")) == ""
    assert than_flow(read(**{"from": "2026-05-04", "to": "2026-05-08"})) == "than the 5 days before"


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["weeks", "span", "from", "to", "as_of", "against", "type"]),
        st.one_of(
            st.text(alphabet="0123456789-W²１ay", max_size=12),
            st.dates(date(1969, 12, 25), date(2027, 2, 3)).map(date.isoformat),
            st.sampled_from(["4", "year", "none", "quarter", "last-quarter", "last-year", "pi-4", "STORY", "²", "１"]),
        ),
    )
)
def test_any_address_gives_days_of_the_past_and_says_so_again(query: dict[str, str]) -> None:
    def again(query: dict[str, str]) -> Selection:
        return selection_of(query, now=NOW, spans=spans_on(seen_on_of(query, now=NOW), OWN))

    selection = again(query)
    assert selection.window.start <= selection.as_of <= TODAY
    assert selection.as_of == selection.window.last_day
    assert selection.window.days <= max(LONGEST_DAYS, 156 * 7)
    assert again(selection.parts()) == selection, "its own address says the same"
    assert selection.compared is None or selection.compared.end - timedelta(days=1) <= TODAY
    selection_context(selection)
