"""`manage.py reconcile`: compares the portal with AWS at once, or reports the state of deliveries."""

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
    help = "Looks for jobs of unknown delivery and compares every queue with AWS, as the clock does, at once."
    requires_system_checks = ["portal"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--report", action="store_true", help="only say how deliveries stand")
        parser.add_argument(
            "--enter-recovery",
            action="store_true",
            help="after a backup was restored: hold every submission until the clock has compared every queue",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["enter_recovery"]:
            enter_recovery("Asked for with manage.py reconcile --enter-recovery.")
        elif not options["report"]:
            self._compare()
        for line in report_lines():
            self.stdout.write(line)

    def _compare(self) -> None:
        before = Discrepancy.objects.count()
        for account in Account.objects.active().select_related("status"):
            settled = reconcile(account)
            queues = compare_queues(account, seconds=MAX_RUN_SECONDS, every=timedelta(0))
            self.stdout.write(f"{account}: {settled} deliveries settled, {queues} queues compared.")
        self.stdout.write(f"{Discrepancy.objects.count() - before} discrepancies were new.")
