"""Strategic themes as things people follow."""

from __future__ import annotations

from organization.selectors.following import Rows, follow_rows
from portfolio.models import StrategicTheme

follow_rows("theme", Rows(StrategicTheme), words={})
