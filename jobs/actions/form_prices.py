"""Expected costs of launch forms as they begin, for lists of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.timezone import now

from jobs.actions.resolution import resolve
from jobs.actions.submission_estimate import plan_job
from jobs.actions.validate import job_request
from jobs.models import Account, LaunchFormVersion, Queue, Revision, Team
from jobs.policy.grants import read_queue_grants
from jobs.pricing.estimate import PlannedJob, estimate_cost
from jobs.pricing.rates import read_rates
from jobs.pricing.run_statistics import run_statistics
from jobs.spec.documents import Document, DocumentKind, list_at, text_at
from jobs.spec.launch_forms.filling import fill_document
from jobs.spec.launch_forms.values import sample_values
from jobs.spec.substitution import TooLongError

MAX_PRICED_JOBS = 50
"""Of one form; a larger one has no price in a list."""


@dataclass(frozen=True)
class ExpectedCost:
    """Dollars that half of the earlier runs like it, and nine of ten, would cost at most."""

    usd: Decimal
    high_usd: Decimal | None


def expected_costs(versions: Sequence[LaunchFormVersion], team: Team) -> Mapping[int, ExpectedCost]:
    """Return by version what it is expected to cost with its own values; without those that can't be estimated.

    The number of queries depends on the number of accounts that the team has queues in, and on nothing else.
    """
    granted = [grant.queue for grant in read_queue_grants(team)] if versions else []
    accounts = {queue.account_id: queue.account for queue in granted}
    steps_by_version = {version.pk: _sample_steps(version) for version in versions}
    plans: dict[int, list[tuple[Document, Queue, Revision]]] = {}
    for account in accounts.values():
        plans |= _resolved(steps_by_version, team, account, granted)
    definitions = {revision.definition_id for jobs in plans.values() for _, _, revision in jobs}
    if not definitions:
        return {}
    history = run_statistics(team, (), definitions, with_commands=True).history
    rates, time = read_rates(), now()
    costs: dict[int, ExpectedCost] = {}
    for key, jobs in plans.items():
        cost = estimate_cost(map(_plan, jobs), history, rates, time)
        if cost.expected.usd is not None:
            costs[key] = ExpectedCost(cost.expected.usd, cost.expected_high.usd)
    return costs


def _sample_steps(version: LaunchFormVersion) -> list[Document]:
    try:
        document = fill_document(version.document, sample_values(version.field_list).values, version.kind)
    except TooLongError:
        return []
    steps = list_at(document, "jobs") if version.kind is DocumentKind.WORKFLOW else [document]
    return steps if len(steps) <= MAX_PRICED_JOBS else []


def _resolved(
    steps_by_version: Mapping[int, Sequence[Document]], team: Team, account: Account, granted: Sequence[Queue]
) -> dict[int, list[tuple[Document, Queue, Revision]]]:
    """Return the jobs of the versions that run in an account as a whole."""
    steps = [(key, step) for key, steps in steps_by_version.items() for step in steps]
    # Without what they wait for: the names are those of one workflow each.
    document = {"jobs": [{key: step.get(key) for key in ("jobQueue", "jobDefinition")} for _, step in steps]}
    targets = resolve(document, DocumentKind.WORKFLOW, team, account, granted).resolved_jobs
    result: dict[int, list[tuple[Document, Queue, Revision]]] = {}
    incomplete = set()
    for (key, step), target in zip(steps, targets, strict=True):
        if target.queue and target.revision:
            result.setdefault(key, []).append((step, target.queue, target.revision))
        else:
            incomplete.add(key)
    return {key: jobs for key, jobs in result.items() if key not in incomplete}


def _plan(job: tuple[Document, Queue, Revision]) -> PlannedJob:
    step, queue, revision = job
    request = job_request(step, queue, revision, revision.document)
    return plan_job(text_at(step, "jobName"), request, revision, queue.account)
