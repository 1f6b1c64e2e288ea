"""What this app offers the others: navigation, create actions, palette, home, the pages of a unit, own fields."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from pmo_portal.lib.registry import CustomFieldOwner, custom_field_owners
from portfolio.models import Epic, Feature, TrackedKind

custom_field_owners.register(CustomFieldOwner(TrackedKind.EPIC.value, _("Epic"), Epic), position=10)
custom_field_owners.register(CustomFieldOwner(TrackedKind.FEATURE.value, _("Feature"), Feature), position=20)

from portfolio.demo import strategy
from pmo_portal.lib.registry import DemoStep, demo_steps

demo_steps.register(DemoStep("Strategy", strategy), position=20)
