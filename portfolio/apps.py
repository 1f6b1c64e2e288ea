from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortfolioConfig(AppConfig):
    """What and why"""

    name = "portfolio"
    verbose_name = _("Portfolio")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from portfolio import entries, policies, search_entries, theme_following  # noqa: F401 - they need the loaded models
        from portfolio.services import case_approvals, registration  # noqa: F401
