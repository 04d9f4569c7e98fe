"""`manage.py worker`: carries out the tasks that were rung for, until SIGTERM lets it finish the one in hand."""

from typing import Any, Self

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django_rq.connection_utils import get_redis_connection
from django_rq.utils import reset_db_connections
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import TimeoutError as NotAnswered
from redis.retry import Retry
from rq import Worker
from rq.serializers import JSONSerializer

from jobs import tasks
from jobs.aws.session import preload

# A Redis that restarts, or is away for minutes, is waited for: without retries rq's worker would end. A task in hand
# waits a moment only, because the rows know what it did; and nobody waits who was told to stop.
WORKERS_RETRIES = 120
TASKS_RETRIES = 4
LONGEST_PAUSE_SECONDS = 5
# After a kill -9 a task stays "started" until another worker's maintenance finds it; an idle one wakes by these.
WORKER_TTL_SECONDS = 60
MAINTENANCE_SECONDS = 60


class Patience(Retry):
    """Retries whose number can change while they go on: every connection has this very one, not a copy."""

    def __deepcopy__(self, _: dict[int, Any]) -> Self:
        return self


patience = Patience(ExponentialBackoff(cap=LONGEST_PAUSE_SECONDS, base=0.1), retries=WORKERS_RETRIES)


class PatientWorker(Worker):
    """Waits for a Redis that is away, until it is told to stop."""

    def handle_warm_shutdown_request(self) -> None:
        patience.update_retries(0)
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]

    def main_work_horse(self, *args: Any, **options: Any) -> None:
        patience.update_retries(TASKS_RETRIES)
        super().main_work_horse(*args, **options)


class Command(BaseCommand):
    help = "Carry out the portal's tasks: what people wait for, what goes to AWS, what is looked up there."
    requires_system_checks = ["portal"]

    def handle(self, *args: Any, **options: Any) -> None:
        self.check(tags=["ground"], databases=["default"])
        preload()  # once here, not in every process forked for a task
        queues = list(settings.RQ_QUEUES)
        first = settings.RQ_QUEUES[queues[0]]
        patient: dict[str, Any] = {
            **first.get("REDIS_CLIENT_KWARGS", {}),
            "socket_timeout": 5,
            "retry": patience,
            "retry_on_error": [NotConnected, NotAnswered],
            "socket_keepalive": True,
            "health_check_interval": 30,
        }
        reset_db_connections()  # a connection must not be shared with the processes that are forked
        try:
            worker = PatientWorker(
                queues,
                connection=get_redis_connection({**first, "REDIS_CLIENT_KWARGS": patient}),
                serializer=JSONSerializer,
                worker_ttl=WORKER_TTL_SECONDS,
                maintenance_interval=MAINTENANCE_SECONDS,
            )
            self.stdout.write(f"Worker {worker.name} for {', '.join(queues)}: {tasks.__name__} is loaded.")
            worker.work()
        except (NotConnected, NotAnswered) as error:
            raise CommandError(f"The worker ends without Redis: {error}") from error
