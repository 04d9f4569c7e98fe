"""`manage.py second_factor_code NAME`: prints the code with which an administrator sets up a second factor."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from jobs import audit, second_factor
from jobs.models import User


class Command(BaseCommand):
    help = "Print a code with which an administrator sets up a second factor: good once, for a short time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(username=options["username"]).first()
        if person is None:
            raise CommandError(f"There is no {options['username']}.")
        if not person.is_active or not person.is_staff:
            raise CommandError(f"{person} is not an active administrator, and needs no code.")
        if second_factor.is_enrolled(person):
            raise CommandError(f"{person} has a second factor. Take it away first: reset_second_factor {person}.")
        with transaction.atomic():
            code = second_factor.create_set_up_code(person)
            audit.record("make", person=None, target=person, after={"set-up code": "of a second factor"})
        minutes = second_factor.SET_UP_CODE_SECONDS // 60
        self.stderr.write(f"For {person}, once, within {minutes} minutes:")
        self.stdout.write(code)
