from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class OrganizationConfig(AppConfig):
    """Who: people, units, roles, access, periods, calendars."""

    name = "organization"
    verbose_name = _("Organisation")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from organization import administration_entries, entries, policies  # noqa: F401 - they need the loaded models
        from organization.services.audit_guard import audit_guard_install

        post_migrate.connect(audit_guard_install, sender=self, dispatch_uid="audit guard")
