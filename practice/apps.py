from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PracticeConfig(AppConfig):
    """How to get better: standards, knowledge, coaching."""

    name = "practice"
    verbose_name = _("Practice")
    default_auto_field = "django.db.models.BigAutoField"
