"""What people request, and how often."""

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from django.urls import reverse

from bench.load.generator import PlannedRequest
from bench.load.people import Person, TeamContent, today

SHARES = {"job": 40, "list": 25, "home": 10, "costs": 10, "form": 5, "submit": 10}  # percent
LIST_FILTERS = (
    "",
    "search=status:FAILED",
    "search=status:RUNNING",
    "sort=-cost",
    "sort=-run",
    "search=def:model-training",
)


def plan(
    count: int, people: Sequence[Person], contents: Mapping[str, TeamContent], rng: random.Random
) -> list[PlannedRequest]:
    """Return `count` requests of random people in exactly these shares, in random order."""
    kinds = [kind for kind, share in SHARES.items() for _ in range(round(count * share / 100))]
    rng.shuffle(kinds)
    return [_request(kind, rng.choice(people), contents, rng) for kind in kinds[:count]]


def count_kinds(requests: Sequence[PlannedRequest]) -> dict[str, int]:
    return Counter(request.kind for request in requests)


def _request(kind: str, person: Person, contents: Mapping[str, TeamContent], rng: random.Random) -> PlannedRequest:
    content = contents[person.team]
    if kind == "submit":
        headers = (("Authorization", f"Bearer {person.token}"), ("Content-Type", "application/json"))
        return PlannedRequest(kind, "/api/v1/submissions", headers, _document(content, rng))
    paths: dict[str, Callable[[], str]] = {
        "job": lambda: _job_path(content, rng),
        "list": lambda: _list_path(content, rng),
        "home": lambda: reverse("team_home", args=[content.slug]) + rng.choice(("", "?part=live")),
        "costs": lambda: reverse("costs", args=[content.slug]) + rng.choice(("", "?by=Project")),
        "form": lambda: _form_path(content, rng),
    }
    return PlannedRequest(kind, paths[kind](), (("Cookie", person.cookie),))


def _job_path(content: TeamContent, rng: random.Random) -> str:
    address = rng.choice(content.jobs if rng.random() < 0.75 else content.submissions)
    return address + rng.choice(("", "?part=live"))


def _list_path(content: TeamContent, rng: random.Random) -> str:
    if rng.random() < 0.4:
        return reverse("workflows", args=[content.slug]) + rng.choice(("", "?part=live"))
    query = rng.choice((*LIST_FILTERS, f"search=after:{today()}", f"search=queue:{rng.choice(content.queues)}"))
    return reverse("jobs", args=[content.slug]) + (query and f"?{query}")


def _form_path(content: TeamContent, rng: random.Random) -> str:
    if rng.random() < 0.3:
        return reverse("workflow_form", args=[content.slug])
    return reverse("job_form", args=[content.slug]) + f"?definition={rng.choice(content.definitions)}"


def _document(content: TeamContent, rng: random.Random) -> str:
    names = {"jobQueue": rng.choice(content.queues), "jobDefinition": rng.choice(content.definitions)}
    return json.dumps({"jobName": f"load-{rng.randrange(1_000_000)}", **names})
