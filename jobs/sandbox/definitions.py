"""Job definitions."""

import json

from jobs.sandbox.containers import check_blocks, check_single, is_fargate, platform
from jobs.sandbox.context import AccountRegion, ApiCall, Document, decode_page_token, encode_page_token, page_size
from jobs.sandbox.described import described_definition
from jobs.sandbox.errors import BatchClientError
from jobs.sandbox.ledger import RecordAcceptance
from jobs.sandbox.nodes import check_nodes
from jobs.sandbox.pods import check_pod
from jobs.sandbox.store import Store
from jobs.sandbox.tasks import check_task
from jobs.sandbox.validation import (
    MAX_REGISTER_BYTES,
    check_name,
    check_payload,
    check_retry,
    check_scheduling_priority,
    check_sizes_present,
    check_tags,
    check_timeout,
    resource_requirements,
)

KIND = "job-definition"
SELECT_DEFINITION = "SELECT body, number FROM resource WHERE home = ? AND kind = 'job-definition'"


class DefinitionService:
    def __init__(self, store: Store, record_acceptance: RecordAcceptance, *, min_timeout_seconds: int) -> None:
        self._store = store
        self._record_acceptance = record_acceptance
        self._min_timeout_seconds = min_timeout_seconds

    def register(self, call: ApiCall) -> Document:
        params, account_region = call.params, call.account_region
        name = params["jobDefinitionName"]
        check_payload(call.size, MAX_REGISTER_BYTES, "Job definition")
        check_name(name, "Job definition name")
        check_blocks(params)
        _check_properties(params)
        check_retry(params.get("retryStrategy"))
        check_timeout(params.get("timeout"), self._min_timeout_seconds)
        check_scheduling_priority(params.get("schedulingPriority"))
        check_tags(params.get("tags", {}))
        with self._store.transaction():
            revision = self._last_revision(account_region, name) + 1
            arn = account_region.arn(KIND, f"{name}:{revision}")
            body = {
                **described_definition(params),
                "jobDefinitionArn": arn,
                "revision": revision,
                "status": "ACTIVE",
            }
            self._store.save_resource(KIND, account_region, arn, body, name=name, revision=revision)
            self._record_acceptance(call, arn)
        return {"jobDefinitionName": name, "jobDefinitionArn": arn, "revision": revision}

    def _last_revision(self, account_region: AccountRegion, name: str) -> int:
        row = self._store.fetch_one(
            "SELECT max(revision) AS last FROM resource WHERE home = ? AND kind = ? AND name = ?",
            *(account_region.key, KIND, name),
        )
        return int(row["last"] or 0) if row else 0

    def describe(self, call: ApiCall) -> Document:
        params = call.params
        if "jobDefinitions" in params and "jobDefinitionName" in params:
            raise BatchClientError("Give either jobDefinitions or jobDefinitionName, not both")
        if len(params.get("jobDefinitions", ())) > 100:
            raise BatchClientError("Maximum number of job definitions supported is 100")
        conditions, values = self._selection(call)
        if status := params.get("status"):
            conditions += " AND status = ?"
            values.append(status)
        (after,) = decode_page_token(params["nextToken"], 1) if params.get("nextToken") else (0,)
        limit = page_size(params, maximum=100)
        rows = self._store.fetch_all(
            f"{SELECT_DEFINITION} {conditions} AND number > ? ORDER BY number LIMIT ?",
            *(call.account_region.key, *values, after, limit + 1),
        )
        answer: Document = {"jobDefinitions": [_loads(row["body"]) for row in rows[:limit]]}
        if len(rows) > limit:
            answer["nextToken"] = encode_page_token(rows[limit - 1]["number"])
        return answer

    def _selection(self, call: ApiCall) -> tuple[str, list[str | int]]:
        params, account_region = call.params, call.account_region
        if name := params.get("jobDefinitionName"):
            if ":" in name:
                raise BatchClientError("jobDefinitionName is a name without a revision")
            return "AND name = ?", [name]
        if "jobDefinitions" not in params:
            return "", []
        arns: list[str | int] = []
        names: list[str | int] = []
        for reference in params["jobDefinitions"]:
            short = reference.rpartition("/")[2]
            if ":" in short:
                arns.append(reference if reference.startswith("arn:") else account_region.arn(KIND, short))
            else:
                names.append(short)
        return (
            f"AND (arn IN ({_placeholders(arns)}) OR name IN ({_placeholders(names)}))",
            [*arns, *names],
        )

    def deregister(self, call: ApiCall) -> Document:
        reference = call.params["jobDefinition"]
        if ":" not in reference.rpartition("/")[2]:
            raise BatchClientError("jobDefinition must be name:revision or an ARN with a revision")
        with self._store.transaction():
            definition = self.find(call.account_region, reference)
            if definition is None:
                raise BatchClientError(f"JobDefinition {reference} not found")
            self._store.update_resource(definition["jobDefinitionArn"], {**definition, "status": "INACTIVE"})
        return {}

    def find(self, account_region: AccountRegion, reference: str) -> Document | None:
        short = reference.rpartition("/")[2]
        if ":" in short:
            return self._store.find_resource(KIND, account_region, account_region.arn(KIND, short))
        row = self._store.fetch_one(
            f"{SELECT_DEFINITION} AND name = ? AND status = 'ACTIVE' ORDER BY revision DESC LIMIT 1",
            account_region.key,
            short,
        )
        return _loads(row["body"]) if row else None


def _check_properties(definition: Document) -> None:
    if (single := definition.get("containerProperties")) is not None:
        check_single(single, fargate=is_fargate(definition))
        check_sizes_present(resource_requirements(single))
    if (task := definition.get("ecsProperties")) is not None:
        check_task(task, platform(definition))
    if (pod := definition.get("eksProperties")) is not None:
        check_pod(pod)
    if (nodes := definition.get("nodeProperties")) is not None:
        check_nodes(nodes)


def _placeholders(values: list[str | int]) -> str:
    return ", ".join("?" for _ in values)


def _loads(body: str) -> Document:
    document: Document = json.loads(body)
    return document
