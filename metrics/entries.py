"""What this app offers the others: navigation, a page for every unit, and ears for what changes below."""

from __future__ import annotations

from metrics.demo import numbers
from metrics.tasks import nudge, nudge_all
from pmo_portal.lib import registry

registry.outbox_listeners.register(registry.OutboxListener(notify=nudge))
registry.meaning_listeners.register(registry.OutboxListener(notify=lambda _workflow_id: nudge_all()))
registry.tree_listeners.register(registry.TreeListener(notify=lambda _unit_ids: nudge_all()))
registry.demo_steps.register(registry.DemoStep("Numbers", numbers), position=90)
