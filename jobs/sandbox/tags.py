"""Tags of jobs, definitions, queues and compute environments."""

import json

from jobs.sandbox.context import AccountRegion, ApiCall, Document
from jobs.sandbox.errors import BatchClientError
from jobs.sandbox.store import Store
from jobs.sandbox.validation import check_tags

KINDS = {"compute-environment", "job-definition", "job-queue", "scheduling-policy"}


class TagService:
    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self, call: ApiCall) -> Document:
        return {"tags": self._read(call.account_region, call.params["resourceArn"])}

    def add(self, call: ApiCall) -> Document:
        check_tags(call.params["tags"])
        with self._store.transaction():
            tags = self._read(call.account_region, call.params["resourceArn"]) | call.params["tags"]
            check_tags(tags)
            self._write(call.account_region, call.params["resourceArn"], tags)
        return {}

    def remove(self, call: ApiCall) -> Document:
        removed_keys = set(call.params["tagKeys"])
        with self._store.transaction():
            tags = self._read(call.account_region, call.params["resourceArn"])
            remaining_tags = {key: value for key, value in tags.items() if key not in removed_keys}
            self._write(call.account_region, call.params["resourceArn"], remaining_tags)
        return {}

    def _read(self, account_region: AccountRegion, arn: str) -> dict[str, str]:
        if job_id := _job_id(account_region, arn):
            row = self._store.fetch_one(
                "SELECT tags, parent FROM job WHERE id = ? AND home = ?", job_id, account_region.key
            )
            if row is not None and row["parent"] is None:
                tags: dict[str, str] = json.loads(row["tags"])
                return tags
        elif (body := self._resource(account_region, arn)) is not None:
            return dict(body.get("tags", {}))
        raise BatchClientError(f"Resource {arn} does not exist or cannot be tagged")

    def _write(self, account_region: AccountRegion, arn: str, tags: dict[str, str]) -> None:
        if job_id := _job_id(account_region, arn):
            self._store.execute("UPDATE job SET tags = ? WHERE id = ?", json.dumps(tags), job_id)
        elif (body := self._resource(account_region, arn)) is not None:
            self._store.update_resource(arn, {**body, "tags": tags})

    def _resource(self, account_region: AccountRegion, arn: str) -> Document | None:
        kind = arn.rpartition(":")[2].partition("/")[0] if "job-definition/" not in arn else "job-definition"
        return self._store.find_resource(kind, account_region, arn) if kind in KINDS else None


def _job_id(account_region: AccountRegion, arn: str) -> str | None:
    prefix = account_region.arn("job", "")
    return arn.removeprefix(prefix) if arn.startswith(prefix) else None
