"""`manage.py second_factor_code NAME`: prints a setup code."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from jobs import audit, second_factor
from jobs.models import User


class Command(BaseCommand):
    help = "Print a setup code with which an administrator sets up a second factor once, within 30 minutes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(username=options["username"]).first()
        if person is None:
            raise CommandError(f"There is no user {options['username']}.")
        if not person.is_active or not person.is_staff:
            raise CommandError(f"{person} is not an active administrator. Only administrators need a setup code.")
        if second_factor.is_enrolled(person):
            raise CommandError(
                f"{person} has a second factor. Remove it first: manage.py reset_second_factor {person}"
            )
        with transaction.atomic():
            code = second_factor.create_set_up_code(person)
            audit.record("make", person=None, target=person, after={"second factor setup code": "created"})
        minutes = second_factor.SET_UP_CODE_SECONDS // 60
        self.stderr.write(f"Setup code for {person}, valid for {minutes} minutes:")
        self.stdout.write(code)
