from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CollaborationConfig(AppConfig):
    """Together"""

    name = "collaboration"
    verbose_name = _("Collaboration")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from collaboration import (  # noqa: F401 - they need the loaded models
            administration_entries,
            entries,
            policies,
            search_entries,
            talk_entries,
            talk_policies,
            telling,
        )
        from collaboration.selectors.saved_views import SavedViews
        from collaboration.services import erasures, exports, schedule_sending  # noqa: F401 - they say how their jobs are done
        from pmo_portal.lib.lists.saved import register_view_source

        register_view_source(SavedViews())
