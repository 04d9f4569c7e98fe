"""Groupings of costs, and the names of their values."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, OuterRef, Subquery
from django.db.models.expressions import Combinable

from jobs.models import Account, Definition, JobTag, Queue, Team, User
from jobs.spec.redaction import redact_value
from jobs.states import STATUSES

TAG, TEAM = "tag", "team"
KINDS = ("queue", "definition", "person", "team", "account", "state", "instance")
"""Names of pages and the API, and of the parts in `jobs.models.cost_total`, except for the team."""
_LABELS = {"instance": "Instance type", "state": "Status"}
_COLUMNS = {"state": "job__state", "instance": "instance_type", TEAM: "team"}
_ROWS: Mapping[str, tuple[Any, str]] = {
    "queue": (Queue, "name"),
    "definition": (Definition, "name"),
    "person": (User, "username"),
    "account": (Account, "name"),
    TEAM: (Team, "name"),
}


@dataclass(frozen=True)
class Grouping:
    kind: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}" if self.key else self.kind

    @classmethod
    def parse(cls, text: str) -> "Grouping | None":
        kind, _, key = text.partition(":")
        if kind == TAG and key:
            return cls(TAG, key[:128])
        return cls(text) if text in KINDS else None

    @property
    def name(self) -> str:
        return self.key or _LABELS.get(self.kind, self.kind.capitalize())

    @property
    def has_rest(self) -> bool:
        """Whether there are costs without a value: those of untagged jobs, and of attempts of no known instance."""
        return self.kind in (TAG, "instance")

    @property
    def rest_label(self) -> str:
        return "Untagged" if self.kind == TAG else "Unknown type"

    @property
    def expression(self) -> Combinable:
        """Return the value of a line."""
        if self.kind != TAG:
            return F(_COLUMNS.get(self.kind, self.kind))
        return Subquery(JobTag.objects.filter(job=OuterRef("job"), key=self.key).values("value")[:1])

    def names(self, values: Iterable[str]) -> dict[str, str]:
        """Return the names of stored values: of keys of rows, and of tags without secrets."""
        if self.kind == TAG:
            return {value: redact_value(self.key, value) for value in values}
        if self.kind not in _ROWS:
            return {value: value for value in values}
        model, column = _ROWS[self.kind]
        rows = model.objects.filter(pk__in=[int(value) for value in values]).order_by()
        return {str(pk): name for pk, name in rows.values_list("pk", column)}

    def labels(self, names: Iterable[str]) -> dict[str, str]:
        """Return labels of names that differ from them."""
        if self.kind == "person":
            people = User.objects.filter(username__in=list(names))
            return {person.username: person.display_name for person in people}
        if self.kind == "state":
            return {status.name: status.label for status in STATUSES.values()}
        return {}


def searchable_names(names: Collection[str]) -> set[str]:
    """Return those that a search tells from the others: it doesn't tell cases apart, and a last * is any ending."""
    numbers = Counter(name.casefold() for name in names)
    return {name for name in names if numbers[name.casefold()] == 1 and not name.endswith("*")}
