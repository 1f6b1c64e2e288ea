from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class OrganizationConfig(AppConfig):
    """Who: people, units, roles, access, periods, calendars."""

    name = "organization"
    verbose_name = _("Organisation")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from organization import (  # noqa: F401 - they need the loaded models
            administration_entries,
            entries,
            following,
            policies,
            sign_in_entries,
        )
        from organization.arrivals import session_begun
        from organization.services.audit_guard import audit_guard_install

        post_migrate.connect(audit_guard_install, sender=self, dispatch_uid="audit guard")
        user_logged_in.connect(session_begun, dispatch_uid="session begun")
