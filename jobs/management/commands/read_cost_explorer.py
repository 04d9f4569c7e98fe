"""`manage.py read_cost_explorer --account NAME`: reads costs by tag from AWS Cost Explorer."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.actions.read_cost_explorer import read_cost_explorer
from jobs.models import Account
from jobs.reports.costs import explorer_spending


class Command(BaseCommand):
    help = (
        "Read costs by tag of this month and the one before from AWS Cost Explorer. AWS charges $0.01 for each "
        "request; the account's page in the admin sets how many it may make a day, with those of the workers."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", metavar="NAME", required=True, help="read the costs of this account")

    def handle(self, *args: Any, **options: Any) -> None:
        account = Account.objects.filter(name=options["account"]).first()
        if account is None:
            raise CommandError(f"There is no account {options['account']}.")
        if not account.cost_explorer_requests:
            raise CommandError(f"{account.name} may make no Cost Explorer requests. Allow some in the admin.")
        result = read_cost_explorer(account)
        self.stdout.write(f"Read: {', '.join(result.keys) or 'nothing'}. {explorer_spending(account)}.")
        if result.inactive:
            self.stdout.write(f"Not activated as cost allocation tags: {', '.join(result.inactive)}.")
        if result.problem:
            raise CommandError(result.problem)
