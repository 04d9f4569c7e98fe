"""`manage.py trim_audit --before 2025-01-01`: deletes old audit entries."""

from argparse import ArgumentParser
from datetime import UTC, date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import now

from jobs.audit import retention
from jobs.audit.verify import chains, verify_chain


class Command(BaseCommand):
    help = "Delete audit entries from before a date. The rest can still be verified, and the deletion is recorded."
    requires_system_checks = ["portal"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--before", metavar="DAY", required=True, help="YYYY-MM-DD, in UTC")

    def handle(self, *args: Any, **options: Any) -> None:
        before = _parse_day(options["before"])
        deleted = sum(map(retention.delete_pruned, chains()))
        if not all(verify_chain(chain).is_intact for chain in chains()):
            raise CommandError("Stopped deleting: an audit log failed verification. Run manage.py verify_audit.")
        deleted += sum(retention.prune(chain, before) for chain in chains())
        self.stdout.write(f"Deleted {deleted} entries from before {before:%Y-%m-%d}.")


def _parse_day(text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text} is not a date. Use the format 2026-01-31.") from None
    midnight = datetime.combine(day, time(), UTC)
    if midnight > now():
        raise CommandError(f"{text} is in the future.")
    return midnight
