"""`manage.py verify_audit`: verifies the audit log."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.audit.verify import chains, missing_triggers, verify_chain
from jobs.models import Team
from jobs.models.audit import PORTAL


class Command(BaseCommand):
    help = "Verify the audit logs of all teams. Prints where one was changed and exits with 1."
    requires_system_checks = ["portal"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--team", metavar="SLUG", help="only this team's audit log")

    def handle(self, *args: Any, **options: Any) -> None:
        names = {PORTAL: "The portal", **{team.pk: str(team) for team in Team.objects.all()}}
        chain_ids = chains()
        if options["team"]:
            team = Team.objects.filter(slug=options["team"]).first()
            if team is None:
                raise CommandError(f"There is no team {options['team']}.")
            chain_ids = [team.pk]
        broken = [f"The audit log is unprotected: the trigger {name} is missing." for name in missing_triggers()]
        for verification in map(verify_chain, chain_ids):
            name = names.get(verification.chain, f"Deleted team {verification.chain}")
            if verification.is_intact:
                self.stdout.write(
                    f"{name}: intact, entries {verification.first} to {verification.last}. {verification.digest}"
                )
            else:
                broken.append(f"{name}: broken at entry {verification.broken_at}: {verification.problem}.")
        if broken:
            raise CommandError("\n".join(broken))
