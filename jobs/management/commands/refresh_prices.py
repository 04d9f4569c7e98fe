"""`manage.py refresh_prices`: reads prices from files of AWS, or from AWS."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.actions.refresh_prices import download_prices, read_folder, store_prices
from jobs.aws.errors import AwsError
from jobs.models import Account, InstancePrice
from jobs.pricing.price_lists import ListedPrices, PriceFileError


class Command(BaseCommand):
    help = (
        "Read price lists of AmazonEC2 and AmazonECS (JSON or CSV), and the output of aws ec2 "
        "describe-instance-types and describe-spot-price-history, from a folder. Earlier prices stay, and "
        "pinned ones aren't replaced. With --account, all of it is read from AWS, for the account's region."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--folder", metavar="DIR", help="with .json and .csv files, or .gz of them")
        source.add_argument("--account", metavar="NAME", help="read from AWS with the credentials of this account")
        parser.add_argument(
            "--region", metavar="REGION", action="append", help="may be repeated; those of the accounts by default"
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            prices, regions = self._read(options)
        except (AwsError, PriceFileError) as error:
            raise CommandError(f"{error} Nothing has changed.") from error
        result = store_prices(prices, regions, is_trial=options["dry_run"])
        verb = "Would add" if options["dry_run"] else "Added"
        self.stdout.write(f"{verb} {result.prices:,} prices and {result.types:,} new or changed instance types.")
        if result.pinned:
            self.stdout.write(f"{result.pinned:,} pinned prices stay.")
        count = InstancePrice.objects.filter(region__in=regions).values("instance_type", "region").distinct().count()
        self.stdout.write(f"Priced instance types in {', '.join(sorted(regions))}: {count:,}.")

    def _read(self, options: dict[str, Any]) -> tuple[ListedPrices, set[str]]:
        if options["account"]:
            account = Account.objects.filter(name=options["account"]).first()
            if account is None:
                raise CommandError(f"There is no account {options['account']}.")
            return download_prices(account), {account.region}
        regions = set(options["region"] or Account.objects.values_list("region", flat=True))
        if not regions:
            raise CommandError("There is no account yet. Name the regions with --region.")
        folder = Path(options["folder"])
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder.")
        return read_folder(folder), regions
