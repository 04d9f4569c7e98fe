"""A program with a token. What is not answered it sends again, with the same key, as a careful program does."""

import http.client
import json
from typing import Any

from portal.quickstart.state_dir import LOOPBACK
from tests.chaos.staff import Staff
from tests.eventually import eventually

PATIENCE = 90.0
SECONDS = 15.0
ANSWERED = (200, 201, 202, 401, 403, 404, 422)


class Caller:
    """Speaks to the API until it is answered."""

    def __init__(self, port: int, token: str, staff: Staff) -> None:
        self._port, self._token, self._staff = port, token, staff
        self.acknowledged: dict[str, str] = {}
        self.repeats = 0

    def submit(self, document: Any, key: str) -> str:
        """The id of the submission, once the portal has acknowledged it."""
        status, said = self.ask("POST", "/submissions", document, key)
        assert status == 202, said
        assert self.acknowledged.setdefault(key, said["id"]) == said["id"], f"{key} was acknowledged twice, otherwise"
        return str(said["id"])

    def ask(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        """Status and answer; repeats what failed on the way or within the portal."""
        status, said = 0, None

        def answered() -> bool:
            nonlocal status, said
            try:
                status, said = self.once(method, path, body, key)
            except (OSError, http.client.HTTPException) as trouble:
                status, said = 0, str(trouble)
            if status in ANSWERED:
                return True
            self.repeats += 1
            self._staff.look_after()
            return False

        eventually(answered, PATIENCE, describe=lambda: f"{method} {path} was never answered: {status} {said}")
        return status, said

    def once(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        line = http.client.HTTPConnection(LOOPBACK, self._port, timeout=SECONDS)
        headers = {"Authorization": f"Bearer {self._token}", **({"Idempotency-Key": key} if key else {})}
        try:
            line.request(method, f"/api/v1{path}", json.dumps(body) if body is not None else None, headers)
            answer = line.getresponse()
            text = answer.read()
            whole = answer.status in ANSWERED
            return answer.status, json.loads(text) if whole else text[:300].decode(errors="replace")
        finally:
            line.close()

    def answers(self) -> bool:
        try:
            return self.once("GET", "/key")[0] == 200
        except (OSError, http.client.HTTPException):
            return False


def job(name: str, definition: str = "quick") -> dict[str, Any]:
    return {"jobName": name, "jobQueue": "cpu-job-queue", "jobDefinition": definition}


def pair(name: str) -> dict[str, Any]:
    """Two steps, the second after the first."""
    second = {**job(f"{name}-b"), "dependsOn": [{"jobId": f"${{{name}-a}}"}]}
    return {"jobs": [job(f"{name}-a"), second]}


def definition(name: str, *command: str, image: str = "busybox") -> dict[str, Any]:
    sizes = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "128"}]
    container = {"image": image, "command": list(command) or ["true"], "resourceRequirements": sizes}
    return {"jobDefinitionName": name, "type": "container", "containerProperties": container}
