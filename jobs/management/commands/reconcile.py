"""`manage.py reconcile`: compares the portal with AWS at once."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand

from jobs.models import Account, Discrepancy
from jobs.models.database_generation import enter_recovery
from jobs.reports.delivery_report import report_lines
from jobs.sync.compare import compare_queues
from jobs.sync.reconcile import reconcile

MAX_RUN_SECONDS = 3600.0


class Command(BaseCommand):
    help = (
        "Check jobs that AWS may or may not have accepted and compare every queue with AWS now, as the clock does "
        "regularly."
    )
    requires_system_checks = ["portal"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--report", action="store_true", help="only print the state of deliveries")
        parser.add_argument(
            "--enter-recovery",
            action="store_true",
            help="after restoring a backup: hold submissions until every queue was compared with AWS",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["enter_recovery"]:
            enter_recovery("Requested with manage.py reconcile --enter-recovery.")
        elif not options["report"]:
            self._compare()
        for line in report_lines():
            self.stdout.write(line)

    def _compare(self) -> None:
        before = Discrepancy.objects.count()
        for account in Account.objects.active().select_related("status"):
            settled = reconcile(account)
            queues = compare_queues(account, seconds=MAX_RUN_SECONDS, every=timedelta(0))
            self.stdout.write(f"{account}: deliveries settled: {settled}, queues compared: {queues}.")
        self.stdout.write(f"New discrepancies: {Discrepancy.objects.count() - before}.")
