"""The table of Batch operations, with the small ones."""

from collections.abc import Mapping

from jobs.sandbox.context import ApiCall, Document
from jobs.sandbox.definitions import DefinitionService
from jobs.sandbox.errors import BatchClientError
from jobs.sandbox.gateway import Operation
from jobs.sandbox.jobs import find_job
from jobs.sandbox.ledger import RecordAcceptance
from jobs.sandbox.listing import JobListing
from jobs.sandbox.policies import SchedulingPolicyService
from jobs.sandbox.queues import QueueService
from jobs.sandbox.scheduler import Scheduler
from jobs.sandbox.store import Store
from jobs.sandbox.submission import SubmissionService
from jobs.sandbox.tags import TagService
from jobs.sandbox.visibility_lag import VisibilityLag


class Batch:
    def __init__(
        self,
        store: Store,
        scheduler: Scheduler,
        *,
        min_timeout_seconds: int,
        visibility_lag: VisibilityLag,
        record_acceptance: RecordAcceptance,
    ) -> None:
        """Call `record_acceptance` inside the accepting transaction."""
        self._store = store
        self._scheduler = scheduler
        self._visibility_lag = visibility_lag
        self.queues = QueueService(store, scheduler.queues_changed)
        self._policies = SchedulingPolicyService(store, self.queues)
        self.definitions = DefinitionService(store, record_acceptance, min_timeout_seconds=min_timeout_seconds)
        self._submissions = SubmissionService(
            store,
            self.definitions,
            self.queues,
            scheduler.admit,
            record_acceptance,
            min_timeout_seconds=min_timeout_seconds,
        )
        self._listing = JobListing(store, self.queues, visibility_lag)
        self._tags = TagService(store)

    def operations(self) -> Mapping[str, Operation]:
        return {
            "RegisterJobDefinition": self.definitions.register,
            "DescribeJobDefinitions": self.definitions.describe,
            "DeregisterJobDefinition": self.definitions.deregister,
            "CreateComputeEnvironment": self.queues.create_environment,
            "DescribeComputeEnvironments": self.queues.describe_environments,
            "UpdateComputeEnvironment": self.queues.update_environment,
            "DeleteComputeEnvironment": self.queues.delete_environment,
            "CreateJobQueue": self.queues.create_queue,
            "UpdateJobQueue": self.queues.update_queue,
            "DescribeJobQueues": self.queues.describe_queues,
            "DeleteJobQueue": self.delete_queue,
            "CreateSchedulingPolicy": self._policies.create,
            "DescribeSchedulingPolicies": self._policies.describe,
            "ListSchedulingPolicies": self._policies.list_arns,
            "UpdateSchedulingPolicy": self._policies.update,
            "DeleteSchedulingPolicy": self._policies.delete,
            "GetJobQueueSnapshot": self._listing.snapshot,
            "SubmitJob": self._submissions.submit,
            "DescribeJobs": self._listing.describe,
            "ListJobs": self._listing.list_jobs,
            "CancelJob": self.cancel,
            "TerminateJob": self.terminate,
            "TagResource": self._tags.add,
            "UntagResource": self._tags.remove,
            "ListTagsForResource": self._tags.list,
        }

    def cancel(self, call: ApiCall) -> Document:
        """Stop a job before STARTING; for others, succeed without effect."""
        self._stop(call, by_force=False)
        return {}

    def terminate(self, call: ApiCall) -> Document:
        self._stop(call, by_force=True)
        return {}

    def _stop(self, call: ApiCall, *, by_force: bool) -> None:
        reason = call.params["reason"]
        if not 1 <= len(reason) <= 1024:
            raise BatchClientError("reason must have 1 to 1024 characters")
        job = find_job(self._store, call.params["jobId"])
        if job is not None and job.account_region == call.account_region and self._visibility_lag.knows(job):
            self._scheduler.stop_job(job, reason, by_force=by_force)

    def delete_queue(self, call: ApiCall) -> Document:
        with self._store.transaction():
            queue = self.queues.find_queue(call.account_region, call.params["jobQueue"])
            if queue["state"] != "DISABLED":
                raise BatchClientError("Cannot delete, job queue must be in the DISABLED state")
            self._scheduler.stop_queue(queue["jobQueueArn"])
            self.queues.remove(queue["jobQueueArn"])
        return {}
