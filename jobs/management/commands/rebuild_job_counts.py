"""`manage.py rebuild_job_counts`: counts all jobs by status again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.models import job_count


class Command(BaseCommand):
    help = "Count all jobs by status again, for the numbers on the pages. No job is charged meanwhile."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only compare; exit with 1 if a number is wrong")

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = job_count.wrong_counts()
        if wrong and options["check"]:
            raise CommandError("\n".join(wrong))
        if not options["check"]:
            job_count.rebuild()
        for line in wrong:
            self.stdout.write(line)
        self.stdout.write("The counts were wrong and have been rebuilt." if wrong else "The counts are correct.")
