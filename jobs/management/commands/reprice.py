"""`manage.py reprice --from 2026-11-01 --why "…"`: corrects past costs after a change of rates."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import now

from jobs.actions.reprice import RepriceScope, reprice
from jobs.models import Team


class Command(BaseCommand):
    help = (
        "Add corrections to past costs, so that they are as the present rates of their days make them. What was "
        "charged stays as it was. Each correction says why, and is recorded in the audit log."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="first", metavar="DAY", required=True, help="YYYY-MM-DD: first day")
        parser.add_argument("--to", dest="last", metavar="DAY", help="last day; today by default")
        parser.add_argument("--team", metavar="SLUG", help="only costs of this team")
        parser.add_argument("--why", metavar="TEXT", required=True, help="shown on receipts and in the audit log")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")

    def handle(self, *args: Any, **options: Any) -> None:
        first, last = _parse_day(options["first"]), _parse_day(options["last"] or f"{now():%Y-%m-%d}")
        why = options["why"].strip()
        if not why:
            raise CommandError("Say why: it is shown on receipts.")
        team = None
        if options["team"]:
            team = Team.objects.filter(slug=options["team"]).first()
            if team is None:
                raise CommandError(f"There is no team {options['team']}.")
        is_trial = options["dry_run"]
        result = reprice(RepriceScope(first, last, team, why, is_trial=is_trial)).total
        self.stdout.write(
            f"{'Would add' if is_trial else 'Added'} {result.corrected:,} corrections to {result.checked:,} charged "
            f"attempts, ${result.usd:+,.2f} in total."
        )
        if result.unknown:
            self.stdout.write(
                f"{result.unknown:,} attempts without a rate for a part of their cost stay as they are."
            )


def _parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text} is not a date. Use the format 2026-01-31.") from None
