from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TeamsConfig(AppConfig):
    """How and when: boards, work items, sprints."""

    name = "teams"
    verbose_name = _("Teams")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from teams import entries, policies, search_entries  # noqa: F401 - they need the loaded models
        from teams.services import due_dates, registration  # noqa: F401
        from teams.services.imports import jira, plans, surveys, undoing  # noqa: F401 - they say how jobs are done
