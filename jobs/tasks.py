"""RQ tasks: each makes one call, and may run twice, late or never."""

from contextlib import suppress

from django.conf import settings

from jobs import mail as outgoing_mail
from jobs.account_calls import call_account
from jobs.actions import bulk
from jobs.actions import read_cost_explorer as cost_explorer
from jobs.actions import repricing as repricings
from jobs.actions.import_costs import import_stored_costs
from jobs.actions.refresh_prices import refresh_account
from jobs.aws.errors import AwsError
from jobs.dispatch.claim import has_due_deliveries
from jobs.dispatch.delivery import MAX_CLAIMED_JOBS, MAX_THREADS, deliver_due
from jobs.dispatch.registration import deregister_due, register_due
from jobs.dispatch.terminate import terminate_due
from jobs.models import Account, Job, LogCopy, Queue, planner_statistics
from jobs.models.cost_rebuild import fill_backlog
from jobs.models.job_text_backlog import index_backlog
from jobs.models.wait_backlog import fill_wait_backlog
from jobs.pricing.cost_exports import CostExportError
from jobs.pricing.metering import charge_due
from jobs.sync import array_children, connection_test, container_instances, queue_snapshots, queues
from jobs.sync import poll as polling
from jobs.sync.failures import record_due_failures
from jobs.task_queue import enqueue_on_commit

TASK_TIMEOUT_SECONDS = 50.0  # rq ends a task after 60
INDEX_SECONDS = 20.0  # other tasks of the background wait for it


def deliver(account: int) -> None:
    call_account(_account(account), _deliver, seconds=TASK_TIMEOUT_SECONDS)


def _deliver(account: Account) -> None:
    # Its time may be too short for so many.
    if deliver_due(account, threads=MAX_THREADS) >= MAX_CLAIMED_JOBS and has_due_deliveries(account):
        enqueue_on_commit("deliver", account.pk, queue="deliver")


def register(account: int) -> None:
    call_account(_account(account), register_due, seconds=TASK_TIMEOUT_SECONDS)


def deregister(account: int) -> None:
    call_account(_account(account), deregister_due, seconds=TASK_TIMEOUT_SECONDS)


def stop(account: int) -> None:
    call_account(_account(account), terminate_due, seconds=TASK_TIMEOUT_SECONDS)


def poll(account: int) -> None:
    call_account(_account(account), polling.poll, seconds=TASK_TIMEOUT_SECONDS)


def children(job: int) -> None:
    row = Job.objects.select_related("account").get(pk=job)
    with suppress(AwsError):  # a page that is open requests it again
        call_account(row.account, lambda _: array_children.read_children(row), seconds=TASK_TIMEOUT_SECONDS)


def failed_children(account: int) -> None:
    call_account(_account(account), array_children.read_due_failed_children, seconds=TASK_TIMEOUT_SECONDS)


def update_statistics() -> None:
    planner_statistics.update_statistics()


def index_jobs() -> None:
    if index_backlog(INDEX_SECONDS):
        enqueue_on_commit("index_jobs", queue="background")


def fill_cost_totals() -> None:
    if fill_backlog(INDEX_SECONDS):
        enqueue_on_commit("fill_cost_totals", queue="background")


def fill_wait_times() -> None:
    if fill_wait_backlog(INDEX_SECONDS):
        enqueue_on_commit("fill_wait_times", queue="background")


def evict_log_copies() -> None:
    LogCopy.objects.all().evict(settings.LOG_CACHE_MIB * 1024 * 1024)


def import_costs(account: int) -> None:
    call_account(_account(account), _import_costs, seconds=TASK_TIMEOUT_SECONDS)


def _import_costs(account: Account) -> None:
    with suppress(AwsError, CostExportError):  # it is noted on the account
        if import_stored_costs(account, seconds=INDEX_SECONDS).has_more:
            enqueue_on_commit("import_costs", account.pk, queue="background")


def read_cost_explorer(account: int) -> None:
    row = _account(account)
    if row.cost_explorer_requests:
        cost_explorer.read_cost_explorer(row)


def charge(account: int) -> None:
    call_account(_account(account), charge_due, seconds=TASK_TIMEOUT_SECONDS)


def read_container_instances(account: int) -> None:
    call_account(_account(account), container_instances.read_due_instances, seconds=TASK_TIMEOUT_SECONDS)


def record_failures(account: int) -> None:
    call_account(_account(account), record_due_failures, seconds=TASK_TIMEOUT_SECONDS)


def refresh_prices(account: int) -> None:
    row = _account(account)
    if row.refreshes_prices:
        refresh_account(row)


def sync_queues(account: int) -> None:
    with suppress(AwsError):  # it is noted on the account
        call_account(_account(account), queues.sync_queues, seconds=TASK_TIMEOUT_SECONDS)


def queue_snapshot(queue: int) -> None:
    row = Queue.objects.select_related("account__status").get(pk=queue)
    with suppress(AwsError):  # it is noted on the snapshot
        call_account(row.account, lambda _: queue_snapshots.read_snapshot(row), seconds=TASK_TIMEOUT_SECONDS)


def read_queues(account: int) -> None:
    with suppress(AwsError):
        call_account(_account(account), queues.read_queues, seconds=TASK_TIMEOUT_SECONDS, despite_breaker=True)


def try_connection(account: int) -> None:
    call_account(
        _account(account), connection_test.run_connection_test, seconds=TASK_TIMEOUT_SECONDS, despite_breaker=True
    )


def run_bulk_action(action: int) -> None:
    bulk.run_bulk_action(action)


def run_repricing(repricing: int) -> None:
    repricings.run_repricing(repricing)


def send_mail(mail: int) -> None:
    outgoing_mail.send(mail)


def send_due_mail() -> None:
    outgoing_mail.send_due()


def _account(pk: int) -> Account:
    return Account.objects.select_related("status").get(pk=pk)
