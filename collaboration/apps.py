from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CollaborationConfig(AppConfig):
    """Together"""

    name = "collaboration"
    verbose_name = _("Collaboration")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from collaboration import administration_entries, entries, policies, telling  # noqa: F401 - it needs the loaded models
        from collaboration.selectors.saved_views import SavedViews
        from collaboration.services import exports  # noqa: F401 - it says how export jobs are done
        from pmo_portal.lib.lists.saved import register_view_source

        register_view_source(SavedViews())
