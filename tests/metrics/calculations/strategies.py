"""Random but possible histories: late, back-dated, voided, re-opened, moved, deleted."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hypothesis import strategies as st

from metrics.calculations.timeline import Change, Kind
from tests.metrics.calculations.histories import CANCELLED, TEAM, moment

hours = st.integers(min_value=0, max_value=24 * 27)
states = st.integers(min_value=1, max_value=CANCELLED)
payloads: dict[Kind, st.SearchStrategy[int | Decimal | str | bool | None]] = {
    Kind.STATE: states,
    Kind.TEAM: st.sampled_from([TEAM, 2]),
    Kind.SPRINT: st.sampled_from([None, 51, 52]),
    Kind.ESTIMATE: st.sampled_from([None, Decimal(0), Decimal("0.5"), Decimal(3), Decimal(13)]),
    Kind.BLOCKED: st.booleans(),
    Kind.TYPE: st.sampled_from(["STORY", "BUG", "SUBTASK"]),
    Kind.PARENT: st.sampled_from([None, 99]),
    Kind.DELETED: st.booleans(),
}
# Moves are the most frequent change in a real history.
kinds = st.sampled_from([Kind.STATE] * 6 + [kind for kind in payloads if kind is not Kind.STATE])


@st.composite
def histories(draw: st.DrawFn) -> list[Change]:
    """Draw one item's history, in the order in which its events were recorded."""
    changes = [
        Change(
            1,
            Kind.CREATED,
            moment(1, 0) + timedelta(hours=draw(hours)),
            draw(states),
            team_id=draw(st.sampled_from([TEAM, 2])),
            item_type=draw(st.sampled_from(["STORY", "BUG"])),
        )
    ]
    for seq in range(2, draw(st.integers(min_value=2, max_value=10))):
        # As the portal allows it: once, and never an undoing (portfolio/services/undoing.py).
        gone = {change.voids for change in changes}
        voidable = [change.seq for change in changes[1:] if change.voids is None and change.seq not in gone]
        if voidable and draw(st.integers(0, 2)) == 0:
            undone = draw(st.sampled_from(voidable))
            kind = changes[undone - 1].kind
            changes.append(Change(seq, kind, moment(28), draw(payloads[kind]), voids=undone))
        else:
            kind = draw(kinds)
            at = moment(1, 0) + timedelta(hours=draw(hours))
            changes.append(Change(seq, kind, at, draw(payloads[kind])))
    return changes


def worlds() -> st.SearchStrategy[dict[int, list[Change]]]:
    """Draw a few items with their histories, by item id."""
    return st.lists(histories(), max_size=5).map(lambda drawn: dict(enumerate(drawn, start=1)))
