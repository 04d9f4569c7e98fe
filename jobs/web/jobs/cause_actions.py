"""The one action that a cause proposes, as a link: to a form with values filled in, or to another page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.http import urlencode

from jobs.access import Member
from jobs.causes import Action, Explanation
from jobs.causes.sizes import NextSize, larger_memory, largest_fitting
from jobs.models import Job, Queue
from jobs.reports import job_detail, options
from jobs.reports.causes import can_hold
from jobs.spec.documents import is_integer
from jobs.spec.forms.units import format_mib, format_seconds
from jobs.spec.time_limit import timeout_seconds

MAX_TIME_LIMIT_SECONDS = 14 * 24 * 3600
"""A longer one is not proposed."""
_STILL_WAITING = "Stop this job once the new one is submitted."


@dataclass(frozen=True)
class ActionLink:
    label: str
    url: str
    note: str = ""


def action_link(job: Job, explanation: Explanation, member: Member, parent: Job | None = None) -> ActionLink | None:
    """Return None without an action, or if the member can't take it. `parent` is the dependency that failed."""
    action = explanation.action
    if action is Action.OPEN_PARENT:
        return ActionLink(f"Open {parent.name}", parent.get_absolute_url()) if parent else None
    if action is None or job.outside or not member.can("submit"):
        return None
    if action is Action.RUN_CHILDREN_AGAIN:
        return ActionLink("Run failed child jobs again…", reverse("job_indexes_again", args=[job.text_id]))
    link = _LINKS.get(action, _run_again)(job, member)
    return replace(link, note=_STILL_WAITING) if link and job.status.is_live else link


def _run_again(job: Job, _: Member) -> ActionLink:
    return ActionLink("Run again…", _again_url(job, {}))


def _more_memory(job: Job, member: Member) -> ActionLink:
    size = larger_memory(job, job.queue.environment_facts) if _has_one_container(job) else None
    if size is None:
        return _run_again(job, member)
    return ActionLink(f"Run again with {format_mib(size.memory_mib)}…", _again_url(job, _size_values(job, size)))


def _longer_limit(job: Job, member: Member) -> ActionLink:
    limit = timeout_seconds(job.raw)
    if not is_integer(limit) or not 0 < limit * 2 <= MAX_TIME_LIMIT_SECONDS:
        return _run_again(job, member)
    label = f"Run again with {format_seconds(limit * 2)}…"
    return ActionLink(label, _again_url(job, {"time_limit": str(limit * 2)}))


def _change_size(job: Job, member: Member) -> ActionLink:
    """Propose another queue that can run it as it is, else the largest size that its own can run."""
    if queue := _other_queue(job, member):
        return _queue_link(job, queue)
    size = largest_fitting(job, job.queue.environment_facts) if _has_one_container(job) else None
    if size is None:
        return _run_again(job, member)
    label = f"Run again with {size.vcpus.normalize():f} vCPU, {format_mib(size.memory_mib)}…"
    return ActionLink(label, _again_url(job, _size_values(job, size)))


def _in_other_queue(job: Job, member: Member) -> ActionLink | None:
    queue = _other_queue(job, member)
    return _queue_link(job, queue) if queue else None


def _queue_link(job: Job, queue: Queue) -> ActionLink:
    return ActionLink(f"Run in {queue.name}…", _again_url(job, {"queue": queue.name}))


def _other_queue(job: Job, member: Member) -> Queue | None:
    """Return the first queue of the team that accepts jobs of its size, in the same account."""
    if not _has_one_container(job):
        return None
    queues = (queue for queue in options.open_queues(member.team) if queue.account_id == job.account_id)
    return next((queue for queue in queues if queue.pk != job.queue_id and can_hold(queue, job)), None)


def _size_values(job: Job, size: NextSize) -> dict[str, str]:
    values = {"memory": str(size.memory_mib)}
    if size.vcpus != job.vcpus:
        values["vcpus"] = f"{size.vcpus.normalize():f}"
    return values


def _has_one_container(job: Job) -> bool:
    """Return whether the form's size is the job's."""
    return "containerProperties" in job.revision.document


def _again_url(job: Job, values: Mapping[str, str]) -> str:
    if job_detail.can_run_from_here(job):
        start = urlencode({"start": job.text_id, **values})
        return f"{reverse('submission_run_again', args=[job.submission.text_id])}?{start}"
    url = reverse("job_again", args=[job.text_id])
    return f"{url}?{urlencode(values)}" if values else url


_LINKS: Mapping[Action, Callable[[Job, Member], ActionLink | None]] = {
    Action.MORE_MEMORY: _more_memory,
    Action.LONGER_LIMIT: _longer_limit,
    Action.CHANGE_SIZE: _change_size,
    Action.OTHER_QUEUE: _in_other_queue,
}
