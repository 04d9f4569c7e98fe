"""Scheduling policies, whose shares have no effect."""

from jobs.sandbox.context import (
    AccountRegion,
    ApiCall,
    Document,
    decode_page_token,
    encode_page_token,
    page_size,
)
from jobs.sandbox.errors import BatchClientError
from jobs.sandbox.queues import POLICY, QueueService
from jobs.sandbox.store import Store
from jobs.sandbox.validation import check_name, check_tags

MAX_POLICIES_PER_CALL = 100


class SchedulingPolicyService:
    def __init__(self, store: Store, queues: QueueService) -> None:
        self._store = store
        self._queues = queues

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
        arns = call.params["arns"]
        if len(arns) > MAX_POLICIES_PER_CALL:
            raise BatchClientError(f"At most {MAX_POLICIES_PER_CALL} ARNs can be described at a time")
        policies = [self._store.find_resource(POLICY, call.account_region, arn) for arn in arns]
        return {"schedulingPolicies": [policy for policy in policies if policy]}

    def list_arns(self, call: ApiCall) -> Document:
        params = call.params
        (after,) = decode_page_token(params["nextToken"], 1) if params.get("nextToken") else (0,)
        limit = page_size(params, maximum=MAX_POLICIES_PER_CALL)
        rows = self._store.fetch_all(
            "SELECT number, arn FROM resource WHERE home = ? AND kind = ? AND number > ? ORDER BY number LIMIT ?",
            *(call.account_region.key, POLICY, after, limit + 1),
        )
        answer: Document = {"schedulingPolicies": [{"arn": row["arn"]} for row in rows[:limit]]}
        if len(rows) > limit:
            answer["nextToken"] = encode_page_token(rows[limit - 1]["number"])
        return answer

    def update(self, call: ApiCall) -> Document:
        with self._store.transaction():
            policy = self._find(call.account_region, call.params["arn"])
            changes = {"fairsharePolicy": call.params.get("fairsharePolicy", policy["fairsharePolicy"])}
            self._store.update_resource(policy["arn"], {**policy, **changes})
        return {}

    def delete(self, call: ApiCall) -> Document:
        with self._store.transaction():
            policy = self._find(call.account_region, call.params["arn"])
            if any(
                queue.get("schedulingPolicyArn") == policy["arn"]
                for queue in self._queues.all_queues(call.account_region)
            ):
                raise BatchClientError("Cannot delete, found existing JobQueue relationship")
            self._store.delete_resource(policy["arn"])
        return {}

    def _find(self, account_region: AccountRegion, arn: str) -> Document:
        policy = self._store.find_resource(POLICY, account_region, arn)
        if policy is None:
            raise BatchClientError(f"Scheduling policy {arn} does not exist")
        return policy
