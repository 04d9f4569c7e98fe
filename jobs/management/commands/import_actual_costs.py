"""`manage.py import_actual_costs --folder DIR`: reads what AWS billed from files of Data Exports."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.actions.import_costs import (
    AccountCosts,
    ImportedDelivery,
    folder_deliveries,
    import_delivery,
    import_stored_costs,
)
from jobs.aws.errors import AwsError
from jobs.models import Account
from jobs.pricing import exact_sum
from jobs.pricing.cost_exports import CostExportError

NO_SPLIT = (
    "It has no split cost allocation data, so jobs on EC2 have no actual cost. Turn it on under Billing and Cost "
    "Management > Cost Management preferences, and include it in the export."
)


class Command(BaseCommand):
    help = (
        "Read actual costs from files of AWS Data Exports (Cost and Usage Report 2.0), each folder one billing month "
        "of one export. A later delivery replaces an earlier one. A broken file changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--folder", metavar="DIR", help="with .csv.gz, .csv or .parquet files, also in subfolders"
        )
        parser.add_argument(
            "--account",
            metavar="NAME",
            help="only costs of this account; without a folder, from its cost export in S3",
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would be imported")

    def handle(self, *args: Any, **options: Any) -> None:
        accounts = self._accounts(options["account"])
        if not options["folder"]:
            if not options["account"] or options["dry_run"]:
                raise CommandError("Name a folder, or an account to read from its cost export in S3 (no dry run).")
            self._import_stored(accounts[0])
            return
        folder = Path(options["folder"])
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder.")
        try:
            deliveries = folder_deliveries(folder)
        except CostExportError as error:
            raise CommandError(str(error)) from error
        for delivery in deliveries:
            try:
                imported = import_delivery(delivery, accounts, is_trial=options["dry_run"])
            except CostExportError as error:
                raise CommandError(f"{error} Nothing of {delivery.name} has been imported.") from error
            if imported is None:
                self.stdout.write(f"{delivery.name}: no rows.")
            else:
                self._report(imported)
        if options["dry_run"]:
            self.stdout.write("Nothing has changed.")

    def _import_stored(self, account: Account) -> None:
        """Raise CommandError."""
        if not account.cost_export:
            raise CommandError(f"{account.name} has no cost export. Add it in the admin, or name a folder.")
        try:
            deliveries = import_stored_costs(account).deliveries
        except (AwsError, CostExportError) as error:
            raise CommandError(f"{error} Nothing of that delivery has been imported.") from error
        for imported in deliveries:
            self._report(imported)
        if not deliveries:
            self.stdout.write(f"Nothing new in {account.cost_export}.")

    def _accounts(self, name: str | None) -> list[Account]:
        """Raise CommandError."""
        accounts = list(Account.objects.order_by("pk"))
        if name:
            accounts = [account for account in accounts if account.name == name]
            if not accounts:
                raise CommandError(f"There is no account {name}.")
            if not accounts[0].number:
                raise CommandError(f"{name} has no account number. Add it in the admin: files name accounts by it.")
        accounts = [account for account in accounts if account.number]
        if not accounts:
            raise CommandError("No account has a number. Add it in the admin: files name accounts by it.")
        return accounts

    def _report(self, imported: ImportedDelivery) -> None:
        self.stdout.write(
            f"{imported.name}: {imported.month:%B %Y} up to {imported.data_through:%B %-d}, {imported.rows:,} rows."
        )
        for costs in imported.accounts:
            self.stdout.write(f"  {costs.account.name}: {_amounts(costs)}")
        if not imported.accounts:
            self.stdout.write("  No costs of tasks in the portal's accounts.")
        if imported.other_rows:
            self.stdout.write(f"  {imported.other_rows:,} rows of tasks in other accounts or regions are left out.")
        if not imported.has_split:
            self.stdout.write(f"  {NO_SPLIT}")


def _amounts(costs: AccountCosts) -> str:
    if costs.is_older:
        return "a later delivery has been imported, which stays."
    allocated, idle, unallocated = (
        f"${exact_sum.usd(units):,.2f}" for units in (costs.allocated, costs.idle, costs.unallocated)
    )
    return f"{allocated} allocated to {costs.jobs:,} jobs, {idle} idle, {unallocated} of other tasks."
