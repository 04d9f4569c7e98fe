"""Scheduling policies: stored and described. Shares have no effect: jobs start first come, first served."""

from jobs.sandbox.context import Call, Document
from jobs.sandbox.errors import Refused
from jobs.sandbox.store import Store
from jobs.sandbox.validation import check_name, check_tags

POLICY = "scheduling-policy"
MOST = 100


class Policies:
    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, call: Call) -> Document:
        params, account_region = call.params, call.home
        name = params["name"]
        check_name(name, "Scheduling policy name")
        check_tags(params.get("tags", {}))
        arn = account_region.arn(POLICY, name)
        if self._store.resource(POLICY, account_region, arn):
            raise Refused("Object already exists")
        self._store.keep(
            POLICY, account_region, arn, {"fairsharePolicy": {}, "tags": {}, **params, "arn": arn}, name=name
        )
        return {"name": name, "arn": arn}

    def describe(self, call: Call) -> Document:
        """Describe policies by ARN. Unknown ones are left out, as AWS does."""
        arns = call.params["arns"]
        if len(arns) > MOST:
            raise Refused(f"At most {MOST} ARNs can be described at a time")
        policies = [self._store.resource(POLICY, call.home, arn) for arn in arns]
        return {"schedulingPolicies": [policy for policy in policies if policy]}
