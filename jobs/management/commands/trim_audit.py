"""`manage.py trim_audit --before 2025-01-01`: deletes audit entries that need not be kept any longer."""

from argparse import ArgumentParser
from datetime import UTC, date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import now

from jobs.audit import retention
from jobs.audit.verify import chains, verify_chain


class Command(BaseCommand):
    help = "Deletes the audit's entries of before a day. The rest stays verifiable, and that it was done is an entry."
    requires_system_checks = ["portal"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--before", metavar="DAY", required=True, help="YYYY-MM-DD, in UTC")

    def handle(self, *args: Any, **options: Any) -> None:
        before = _parse_day(options["before"])
        deleted = sum(map(retention.delete_pruned, chains()))
        if not all(verify_chain(chain).is_intact for chain in chains()):
            raise CommandError("Nothing more was deleted: see first what manage.py verify_audit says.")
        deleted += sum(retention.prune(chain, before) for chain in chains())
        self.stdout.write(f"Deleted {deleted} entries of before {before:%Y-%m-%d}.")


def _parse_day(text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text} is no day; write it as 2026-01-31.") from None
    midnight = datetime.combine(day, time(), UTC)
    if midnight > now():
        raise CommandError(f"{text} is yet to come.")
    return midnight
