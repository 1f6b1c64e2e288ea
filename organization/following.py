"""Units as things people follow: what they are called, where they stand, whether they are open."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from organization.models import Unit, UnitParent
from organization.selectors.following import Rows, follow_rows

follow_rows("unit", Rows(Unit), Rows(UnitParent, of="unit_id", word="place"), words={"place": _("Place")})
