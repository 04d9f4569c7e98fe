"""Job definitions: registration, description and deregistration of revisions."""

import json

from jobs.sandbox.containers import check_blocks, check_containers, is_fargate, normal_form
from jobs.sandbox.context import Call, Document, Home, page_position, page_size, page_token
from jobs.sandbox.errors import Refused
from jobs.sandbox.ledger import Accepted
from jobs.sandbox.store import Store
from jobs.sandbox.validation import (
    REGISTER_BYTES,
    check_name,
    check_payload,
    check_retry,
    check_scheduling_priority,
    check_tags,
    check_timeout,
)

KIND = "job-definition"
FIND = "SELECT body, number FROM resource WHERE home = ? AND kind = 'job-definition'"


class Definitions:
    """The definitions of every account and region."""

    def __init__(self, store: Store, record_acceptance: Accepted, *, min_timeout_seconds: int) -> None:
        self._store = store
        self._accepted = record_acceptance
        self._min_timeout_seconds = min_timeout_seconds

    def register(self, call: Call) -> Document:
        """Register a new revision of the name; numbers continue after deregistration."""
        params, account_region = call.params, call.home
        name = params["jobDefinitionName"]
        check_payload(call.size, REGISTER_BYTES, "RegisterJobDefinition")
        check_name(name, "Job definition name")
        check_blocks(params)
        check_containers(params)
        check_retry(params.get("retryStrategy"))
        check_timeout(params.get("timeout"), self._min_timeout_seconds)
        check_scheduling_priority(params.get("schedulingPriority"))
        check_tags(params.get("tags", {}))
        with self._store.transaction():
            revision = self._last_revision(account_region, name) + 1
            arn = account_region.arn(KIND, f"{name}:{revision}")
            body = {
                "parameters": {},
                "tags": {},
                "platformCapabilities": [],
                **_normal(params),
                "jobDefinitionArn": arn,
                "revision": revision,
                "status": "ACTIVE",
                "containerOrchestrationType": "EKS" if "eksProperties" in params else "ECS",
            }
            self._store.keep(KIND, account_region, arn, body, name=name, revision=revision)
            self._accepted(call, arn)
        return {"jobDefinitionName": name, "jobDefinitionArn": arn, "revision": revision}

    def _last_revision(self, account_region: Home, name: str) -> int:
        row = self._store.row(
            "SELECT max(revision) AS last FROM resource WHERE home = ? AND kind = ? AND name = ?",
            *(account_region.key, KIND, name),
        )
        return int(row["last"] or 0) if row else 0

    def describe(self, call: Call) -> Document:
        """Describe revisions by name, `name:revision` or ARN, newest last; at most 100 a page."""
        params = call.params
        if "jobDefinitions" in params and "jobDefinitionName" in params:
            raise Refused("Give either jobDefinitions or jobDefinitionName, not both")
        if len(params.get("jobDefinitions", ())) > 100:
            raise Refused("Maximum number of job definitions supported is 100")
        conditions, values = self._wanted(call)
        if status := params.get("status"):
            conditions += " AND status = ?"
            values.append(status)
        (after,) = page_position(params["nextToken"], 1) if params.get("nextToken") else (0,)
        limit = page_size(params, maximum=100)
        rows = self._store.rows(
            f"{FIND} {conditions} AND number > ? ORDER BY number LIMIT ?",
            *(call.home.key, *values, after, limit + 1),
        )
        answer: Document = {"jobDefinitions": [_loads(row["body"]) for row in rows[:limit]]}
        if len(rows) > limit:
            answer["nextToken"] = page_token(rows[limit - 1]["number"])
        return answer

    def _wanted(self, call: Call) -> tuple[str, list[str | int]]:
        params, account_region = call.params, call.home
        if name := params.get("jobDefinitionName"):
            if ":" in name:
                raise Refused("jobDefinitionName is a name without a revision")
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
            f"AND (arn IN ({_marks(arns)}) OR name IN ({_marks(names)}))",
            [*arns, *names],
        )

    def deregister(self, call: Call) -> Document:
        """Make a revision INACTIVE. It remains readable; jobs that use it continue."""
        reference = call.params["jobDefinition"]
        if ":" not in reference.rpartition("/")[2]:
            raise Refused("jobDefinition must be name:revision or an ARN with a revision")
        with self._store.transaction():
            definition = self.find(call.home, reference)
            if definition is None:
                raise Refused(f"JobDefinition {reference} not found")
            self._store.rewrite(definition["jobDefinitionArn"], {**definition, "status": "INACTIVE"})
        return {}

    def find(self, account_region: Home, reference: str) -> Document | None:
        """Return a revision: the newest active one for `name`, exactly that one for `name:revision` and ARNs."""
        short = reference.rpartition("/")[2]
        if ":" in short:
            return self._store.resource(KIND, account_region, account_region.arn(KIND, short))
        row = self._store.row(
            f"{FIND} AND name = ? AND status = 'ACTIVE' ORDER BY revision DESC LIMIT 1", account_region.key, short
        )
        return _loads(row["body"]) if row else None


def _normal(params: Document) -> Document:
    container = params.get("containerProperties")
    if container is None:
        return params
    return {**params, "containerProperties": normal_form(container, fargate=is_fargate(params))}


def _marks(values: list[str | int]) -> str:
    return ", ".join("?" for _ in values)


def _loads(body: str) -> Document:
    document: Document = json.loads(body)
    return document
