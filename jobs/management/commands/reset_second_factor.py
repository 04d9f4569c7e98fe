"""`manage.py reset_second_factor NAME`: for an administrator without a colleague to reset it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from jobs import audit, second_factor
from jobs.models import User


class Command(BaseCommand):
    help = "Remove a user's second factor. At the next sign-in the password is enough to set up a new one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(username=options["username"]).first()
        if person is None:
            raise CommandError(f"There is no user {options['username']}.")
        with transaction.atomic():
            was_set_up = second_factor.reset(person)
            if was_set_up:
                audit.record("remove", person=None, target=person, before={"second factor": "set up"})
        self.stdout.write(
            f"Removed the second factor of {person}." if was_set_up else f"{person} has no second factor."
        )
