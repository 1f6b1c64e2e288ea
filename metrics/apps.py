from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MetricsConfig(AppConfig):
    """How is it going: definitions, facts, roll-ups."""

    name = "metrics"
    verbose_name = _("Metrics")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from metrics import entries, following, policies, search_entries, value_entries  # noqa: F401 - they need the loaded models
