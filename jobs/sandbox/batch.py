"""The table of Batch operations, with the small ones: cancelling and terminating."""

from collections.abc import Mapping

from jobs.sandbox.context import Call, Document, Home
from jobs.sandbox.definitions import Definitions
from jobs.sandbox.errors import Refused
from jobs.sandbox.gateway import Operation
from jobs.sandbox.jobs import Job, find_job
from jobs.sandbox.ledger import Accepted
from jobs.sandbox.listing import Listing
from jobs.sandbox.policies import Policies
from jobs.sandbox.queues import Queues
from jobs.sandbox.scheduler import Scheduler
from jobs.sandbox.store import Store
from jobs.sandbox.submission import Submissions
from jobs.sandbox.tags import Tags
from jobs.sandbox.visibility_lag import Sight


class Batch:
    """The part of AWS Batch that the sandbox implements."""

    def __init__(
        self,
        store: Store,
        scheduler: Scheduler,
        *,
        min_timeout_seconds: int,
        visibility_lag: Sight,
        record_acceptance: Accepted,
    ) -> None:
        """`record_acceptance` is called for every acceptance, inside its transaction."""
        self._store = store
        self._scheduler = scheduler
        self._sight = visibility_lag
        self.queues = Queues(store, scheduler.queues_changed)
        self._policies = Policies(store)
        self.definitions = Definitions(store, record_acceptance, min_timeout_seconds=min_timeout_seconds)
        self._submissions = Submissions(
            store,
            self.definitions,
            self.queues,
            scheduler.admit,
            record_acceptance,
            min_timeout_seconds=min_timeout_seconds,
        )
        self._listing = Listing(store, self.queues, visibility_lag)
        self._tags = Tags(store)

    def operations(self) -> Mapping[str, Operation]:
        return {
            "RegisterJobDefinition": self.definitions.register,
            "DescribeJobDefinitions": self.definitions.describe,
            "DeregisterJobDefinition": self.definitions.deregister,
            "CreateComputeEnvironment": self.queues.create_environment,
            "DescribeComputeEnvironments": self.queues.describe_environments,
            "CreateJobQueue": self.queues.create_queue,
            "UpdateJobQueue": self.queues.update_queue,
            "DescribeJobQueues": self.queues.describe_queues,
            "CreateSchedulingPolicy": self._policies.create,
            "DescribeSchedulingPolicies": self._policies.describe,
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

    def cancel(self, call: Call) -> Document:
        """Stop a job that has not started. The call also succeeds for one in STARTING or RUNNING, without effect."""
        self._scheduler.stop(self._job(call.home, call.params), call.params["reason"], by_force=False)
        return {}

    def terminate(self, call: Call) -> Document:
        """Stop a job that has not ended."""
        self._scheduler.stop(self._job(call.home, call.params), call.params["reason"], by_force=True)
        return {}

    def _job(self, account_region: Home, params: Document) -> Job:
        if not 1 <= len(params["reason"]) <= 1024:
            raise Refused("reason must have 1 to 1024 characters")
        job = find_job(self._store, params["jobId"])
        if job is None or job.home != account_region or not self._sight.knows(job):
            raise Refused(f"Job {params['jobId']} does not exist")
        return job
