"""Bring the database into shape before the portal starts: migrations, and a demo organisation when it is empty."""

from __future__ import annotations

import os
import sys

import django


def main() -> None:
    """Migrate; seed what `DEMO_MODE` promises when nobody has entered anything yet; note whom a visitor can be."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pmo_portal.settings.development")
    django.setup(set_prefix=False)

    from django.conf import settings  # noqa: PLC0415 - Django must be set up first
    from django.core.management import call_command  # noqa: PLC0415

    from organization.demo_accounts import demo_accounts  # noqa: PLC0415
    from organization.models import Unit  # noqa: PLC0415

    call_command("migrate", interactive=False, verbosity=0)
    if settings.DEMO_MODE and not Unit.objects.exists():
        sys.stdout.write("The database is empty: entering the demo organisation ...\n")
        sys.stdout.flush()
        call_command("seed_demo", verbosity=0)
    settings.HOME.demo_accounts.write_text(
        "".join(f"{account.role:<26} {account.name} ({account.email})\n" for account in demo_accounts())
    )


if __name__ == "__main__":
    main()
