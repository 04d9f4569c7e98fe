"""Scheduling policies: stored and described. Shares have no effect: jobs start first come, first served."""

from jobs.sandbox.context import ApiCall, Document
from jobs.sandbox.errors import BatchClientError
from jobs.sandbox.store import Store
from jobs.sandbox.validation import check_name, check_tags

POLICY = "scheduling-policy"
MAX_POLICIES_PER_CALL = 100


class SchedulingPolicyService:
    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, call: ApiCall) -> Document:
        params, account_region = call.params, call.account_region
        name = params["name"]
        check_name(name, "Scheduling policy name")
        check_tags(params.get("tags", {}))
        arn = account_region.arn(POLICY, name)
        if self._store.find_resource(POLICY, account_region, arn):
            raise BatchClientError("Object already exists")
        self._store.save_resource(
            POLICY, account_region, arn, {"fairsharePolicy": {}, "tags": {}, **params, "arn": arn}, name=name
        )
        return {"name": name, "arn": arn}

    def describe(self, call: ApiCall) -> Document:
        """Describe policies by ARN. Unknown ones are left out, as AWS does."""
        arns = call.params["arns"]
        if len(arns) > MAX_POLICIES_PER_CALL:
            raise BatchClientError(f"At most {MAX_POLICIES_PER_CALL} ARNs can be described at a time")
        policies = [self._store.find_resource(POLICY, call.account_region, arn) for arn in arns]
        return {"schedulingPolicies": [policy for policy in policies if policy]}
