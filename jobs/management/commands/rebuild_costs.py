"""`manage.py rebuild_costs`: adds up all costs again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.models import Team
from jobs.models.cost_rebuild import months_with_costs, rebuild_month, wrong_totals


class Command(BaseCommand):
    help = "Add up all costs again, month by month. No job is charged while a month is written."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only compare; exit with 1 if a total is wrong")

    def handle(self, *args: Any, **options: Any) -> None:
        compare = wrong_totals if options["check"] else rebuild_month
        number = 0
        for team in Team.objects.order_by("pk").values_list("pk", flat=True):
            for month in months_with_costs(team):
                wrong = compare(team, month)
                number += len(wrong)
                for line in wrong:
                    self.stdout.write(line)
        if number and options["check"]:
            raise CommandError(f"{number} totals are wrong. Run rebuild_costs without --check.")
        self.stdout.write("Wrong totals have been rebuilt." if number else "The totals are correct.")
