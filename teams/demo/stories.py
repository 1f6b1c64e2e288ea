"""Titles of the demo's work items, put together from parts. All of it is invented."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

_THINGS: Final = {
    "Fee preview": ("the fee", "the fee of an instalment", "fees by country", "the rounding of fees", "fee changes"),
    "Fee statement": ("the monthly statement", "fees by type", "the statement of a closed shop", "old statements"),
    "Prices with all costs": ("delivery costs", "the full price", "taxes", "the price of a bundle"),
    "Payout on demand": ("a payout", "payouts on a bank holiday", "the payout button", "a payout in two currencies"),
    "Payout limits": ("the daily limit", "limits of new shops", "a limit for a weekend", "a raised limit"),
    "Payout overview for shops": ("pending payouts", "failed payouts", "the payout calendar", "payouts by account"),
    "Refund in parts": ("a refund in parts", "the refund of delivery", "a second refund", "refunds of vouchers"),
    "Refund from the order page": ("the refund form", "refund reasons", "photos of a damage", "the refund state"),
    "Single sign-on for shops": ("the shop's sign-in", "sessions", "the sign-in of a second person", "old passwords"),
    "One account for buyers": ("the buyer's account", "two accounts of one buyer", "the account of a guest", "consent"),
    "Translated catalogue": ("product texts", "missing translations", "language of the search", "size tables"),
    "Webhook delivery": ("webhook deliveries", "failed webhooks", "signing keys", "the webhook log", "a slow receiver"),
    "Stock events": ("stock levels", "late stock events", "stock of a bundle", "the stock of two warehouses"),
    "Pick-up slots": ("pick-up slots", "full slots", "slots on a holiday", "a missed slot"),
    "Courier handover": ("the handover", "handovers at night", "a courier's route", "the handover of two parcels"),
    "Delivery promise": ("the promised day", "late promises", "the promise for two parcels", "promises by town"),
    "Address check": ("the address", "addresses without a number", "unknown streets", "an address abroad"),
    "Neighbour delivery": ("the neighbour's name", "consent of a neighbour", "a neighbour's refusal", "the note left"),
    "Return labels": ("the return label", "labels on a phone", "expired labels", "a label for two parcels"),
    "Return request": ("the return form", "return reasons", "partial returns", "returns of gifts"),
    "Orders in one place": ("order events", "late order events", "orders of closed shops", "the order history"),
    "Self-service reports": ("a saved report", "a report by mail", "the report of a region", "report rights"),
    "Test environments on demand": ("a test environment", "test data", "old environments", "the environment's cost"),
    "Releases by day": ("the release button", "a rolled-back release", "release notes", "the release calendar"),
    "Alert rules": ("alert rules", "silent alerts", "alerts of a quiet service", "the alert's owner"),
    "Automatic restarts": ("a restart", "restarts in a row", "the restart log", "a restart during a payout"),
    "Receipt mails": ("the receipt", "receipts of refunds", "the receipt as a file", "receipts without an address"),
}
_STORIES: Final = (
    "Show {} on the order page",
    "Let a shop change {}",
    "Explain {} in plain words",
    "Warn before {} expires",
    "Filter the list by {}",
    "Export {} as a file",
    "Send {} to the accountant",
    "Remember {} for next time",
    "Search for {} by reference",
    "Compare {} with last month",
    "Let support look at {}",
    "Undo a change of {}",
)
_BUGS: Final = (
    "Fix: {} shown twice when the bank answers late",
    "Fix: {} missing on phones",
    "Fix: wrong currency for {}",
    "Fix: {} lost after a time-out",
    "Fix: {} off by one day in summer time",
)
_TASKS: Final = ("Rotate keys used for {}", "Load-test {}", "Move {} to the new service", "Document {} for partners")
_SPIKES: Final = ("Spike: how others do {}", "Spike: limits of the bank for {}")

REASONS: Final = (
    "bank sandbox down",
    "waits for an answer of legal",
    "needs the new certificate",
    "depends on the event backbone",
    "no test data",
    "design not decided",
)
"""Why things get blocked."""


def titles(feature_title: str, chance: Random) -> Iterator[tuple[str, str]]:
    """Endless (type, title) pairs for a feature; each is used once before a number tells repeats apart."""
    drafts = [
        (kind, form.format(thing))
        for kind, forms in (("STORY", _STORIES), ("BUG", _BUGS), ("TASK", _TASKS), ("SPIKE", _SPIKES))
        for form in forms
        for thing in _THINGS[feature_title]
    ]
    chance.shuffle(drafts)
    part = 1
    while True:
        for kind, title in drafts:
            text = title if part == 1 else f"{title}, part {part}"
            yield kind, text[0].upper() + text[1:]
        part += 1
