"""``manage.py make_administrator``: let the first administrator in, or back in."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from urllib.parse import urljoin

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from organization.access import SYSTEM
from organization.services.administrators import administrator_ensure
from organization.services.people import password_path


class Command(BaseCommand):
    """No password goes through a command line or a log: it is chosen in the browser, at an address that works once."""

    help = "Make somebody administrator of the whole organisation, and print the address to choose a password at."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the address they sign in with")
        parser.add_argument("--name", help="how they are called, when they are new here; the address when left out")
        parser.add_argument("--portal", default="", help="where the portal is, as https://portal.example.org")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"]
        try:
            user = administrator_ensure(actor=SYSTEM, name=options["name"] or email, email=email, at=timezone.now())
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{user.person} ({user.email}) is administrator of the whole organisation.")
        self.stdout.write("Choose a password within four hours at:")
        self.stdout.write(urljoin(options["portal"], password_path(user)))
