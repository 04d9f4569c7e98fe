"""`manage.py sandbox`: an AWS Batch endpoint on this machine."""

import signal
import threading
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.sandbox import Sandbox
from jobs.sandbox.faults import FaultPlan, FaultPlanError
from jobs.sandbox.store import StateInUseError

# Accounts of the portal in a sandbox rely on it: see `jobs.models.quarantine`.
SIGNATURE_SECONDS = 15.0


class Command(BaseCommand):
    help = "Run a local AWS Batch endpoint that really runs jobs, for demos and tests."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=5055, help="port on 127.0.0.1; 0 picks a free one")
        parser.add_argument("--state", type=Path, required=True, help="SQLite file for its state")
        parser.add_argument("--vcpus", type=int, default=16, help="nominal vCPUs of each compute environment")
        parser.add_argument(
            "--processes", type=int, default=8, help="maximum number of jobs running at the same time"
        )
        parser.add_argument("--delay", type=float, default=0.4, help="seconds of each state before RUNNING")
        parser.add_argument(
            "--signature-seconds",
            type=float,
            default=SIGNATURE_SECONDS,
            help="maximum age of a request signature; 300 s in AWS. The portal waits as long before it retries",
        )
        parser.add_argument("--faults", help="faults to inject: JSON or a file (see jobs.sandbox.faults)")
        parser.add_argument("--seed", type=int, help="random seed of the faults; overrides the one in the plan")
        parser.add_argument(
            "--faults-api", action="store_true", help="let tests change the faults: PUT /_sandbox/faults"
        )
        parser.add_argument("--no-world", action="store_true", help="start without any queue")

    def handle(self, *args: Any, **options: Any) -> None:
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        try:
            plan = FaultPlan.from_text(options["faults"] or "{}", seed=options["seed"])
        except FaultPlanError as error:
            raise CommandError(str(error)) from error
        sandbox = Sandbox(
            options["state"],
            port=options["port"],
            vcpus=options["vcpus"],
            processes=options["processes"],
            delay=options["delay"],
            signature_seconds=options["signature_seconds"],
            with_seed=not options["no_world"],
            faults=plan if options["faults"] else None,
            faults_api=options["faults_api"],
        )
        try:
            sandbox.start()
        except (StateInUseError, OSError) as error:
            raise CommandError(f"The sandbox can't start: {error}") from error
        message = f"Sandbox: {sandbox.url}"
        self.stdout.write(message)
        self.stdout.flush()
        stopped.wait()
        sandbox.stop()
