"""Keys and values for what is being typed in a search."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType

from django.utils.timezone import now

from jobs.causes import Cause
from jobs.models import Account, Definition, Job, JobTag, Membership, Queue, QueueGrant, Team, User
from jobs.models.cost_total import instance_types
from jobs.reports.job_search.conditions import NO_INSTANCE
from jobs.reports.job_search.scope import Scope
from jobs.reports.months import Month
from jobs.search import KEYS, Kind, SearchKey, key_of
from jobs.search.completion import Fragment, fragment_at
from jobs.search.keys import SOURCES
from jobs.search.query import subkey_text, value_text
from jobs.spec.containers import environment_entries, overrides
from jobs.spec.documents import object_at, text_at
from jobs.spec.redaction import MASK, redact_value
from jobs.states import STATUSES

MAX_SUGGESTIONS = 20
RECENT_JOBS = 100
"""Tags, variables and parameters are those of the newest jobs."""
RECENT_DOCUMENTS = 20


@dataclass(frozen=True)
class Suggestion:
    """`text` to put in the place of `start` to `end` of the search."""

    text: str
    help: str
    start: int
    end: int


def suggest(scope: Scope, text: str, caret: int) -> list[Suggestion]:
    """Return what the text at the caret may become, at most MAX_SUGGESTIONS."""
    fragment = fragment_at(text, caret)
    items = _values(scope, fragment) if fragment.key else _keys(scope, fragment.text)
    return [
        Suggestion(item, help_text, fragment.start, fragment.end)
        for item, help_text in islice(items, MAX_SUGGESTIONS)
    ]


def _keys(scope: Scope, text: str) -> Iterator[tuple[str, str]]:
    name, dot, beginning = text.partition(".")
    prefixed = KEYS.get(f"{name.casefold()}.") if dot else None
    if prefixed:
        for subkey in _begins(_SUBKEYS[prefixed.name](scope), beginning):
            yield f"{prefixed.name}{subkey_text(subkey)}:", prefixed.help
        return
    for key in KEYS.values():
        if key.name.startswith(text.casefold()):
            ending = "" if key.has_subkey else ":" if ":" in key.operators else ">"
            yield f"{key.name}{ending}", key.help


def _values(scope: Scope, fragment: Fragment) -> Iterator[tuple[str, str]]:
    key = key_of(fragment.key)
    if key is None:
        return
    if key.kind is Kind.STATUS:
        for status in STATUSES.values():
            if fragment.text.casefold() in (
                status.name.lower()[: len(fragment.text)],
                status.label.lower()[: len(fragment.text)],
            ):
                yield status.name, status.label
        return
    for value in _begins(_candidates(scope, key, fragment), fragment.text):
        yield value_text(value), ""


def _candidates(scope: Scope, key: SearchKey, fragment: Fragment) -> Iterable[str]:
    if key.name == "tag.":
        return _tag_values(scope, fragment.key.partition(".")[2])
    candidates = _CANDIDATES.get(key.name)
    return candidates(scope, fragment.text) if candidates else ()


def _begins(names: Iterable[str], text: str) -> Iterator[str]:
    return (name for name in dict.fromkeys(names) if name.casefold().startswith(text.casefold()))


# -- Values


def _queues(scope: Scope, text: str) -> Iterable[str]:
    if scope.team:
        grants = QueueGrant.objects.filter(team=scope.team, queue__name__istartswith=text)
        return grants.order_by("queue__name").values_list("queue__name", flat=True)[:MAX_SUGGESTIONS]
    queues = Queue.objects.visible_to(scope.user).filter(name__istartswith=text)
    return queues.order_by("name").values_list("name", flat=True)[:MAX_SUGGESTIONS]


def _accounts(scope: Scope, text: str) -> Iterable[str]:
    accounts = Account.objects.filter(name__istartswith=text)
    if scope.team_keys is not None:
        granted = QueueGrant.objects.filter(team__in=scope.team_keys)
        accounts = accounts.filter(pk__in=granted.values("queue__account"))
    return accounts.order_by("name").values_list("name", flat=True)[:MAX_SUGGESTIONS]


def _instance_types(scope: Scope, _text: str) -> Iterable[str]:
    return (*instance_types(scope.searched_team_keys), NO_INSTANCE)


def _teams(scope: Scope, text: str) -> Iterable[str]:
    teams = Team.objects.visible_to(scope.user).filter(slug__istartswith=text)
    return teams.order_by("slug").values_list("slug", flat=True)[:MAX_SUGGESTIONS]


def _users(scope: Scope, text: str) -> Iterable[str]:
    users = User.objects.filter(username__istartswith=text)
    if scope.team_keys is not None:
        users = users.filter(pk__in=Membership.objects.filter(team__in=scope.team_keys).values("user"))
    return ("me", *users.order_by("username").values_list("username", flat=True)[:MAX_SUGGESTIONS])


def _definitions(scope: Scope, text: str) -> Iterable[str]:
    all_definitions = Definition.objects.order_by()
    definitions = all_definitions.usable_by(scope.team) if scope.team else all_definitions.visible_to(scope.user)
    names = definitions.filter(name__istartswith=text).values_list("name", flat=True)
    return names.order_by("name")[:MAX_SUGGESTIONS]


def _months(_scope: Scope, _text: str) -> Iterable[str]:
    month = Month.containing(now())
    for _ in range(12):
        yield str(month)
        month = month.previous


_CANDIDATES: Mapping[str, Callable[[Scope, str], Iterable[str]]] = MappingProxyType(
    {
        "queue": _queues,
        "account": _accounts,
        "instance": _instance_types,
        "team": _teams,
        "user": _users,
        "def": _definitions,
        "month": _months,
        "reason": lambda _scope, _text: sorted(Cause),
        "source": lambda _scope, _text: SOURCES,
        "array": lambda _scope, _text: ("yes", "no"),
        "after": lambda _scope, _text: ("today", "yesterday", "-1h", "-1d", "-7d", "-30d"),
        "before": lambda _scope, _text: ("today", "yesterday", "-1h", "-1d", "-7d", "-30d"),
        "untagged": lambda scope, _text: _tag_keys(scope),
    }
)


# -- Names behind a dot


def _recent_jobs(scope: Scope, count: int = RECENT_JOBS) -> list[int]:
    return list(Job.objects.filter(scope.condition).order_by("-pk").values_list("pk", flat=True)[:count])


def _tag_keys(scope: Scope) -> Iterable[str]:
    return sorted(set(JobTag.objects.filter(job__in=_recent_jobs(scope)).values_list("key", flat=True)))


def _tag_values(scope: Scope, name: str) -> Iterable[str]:
    """Return no secret values, nor what stands for one: a search finds neither."""
    tags = JobTag.objects.filter(job__in=_recent_jobs(scope), key__iexact=name).values_list("key", "value")
    return sorted({value for key, value in set(tags) if value == redact_value(key, value) and MASK not in value})


def _recent_documents(scope: Scope) -> list[object]:
    keys = _recent_jobs(scope, RECENT_DOCUMENTS)
    return list(Job.objects.filter(pk__in=keys).order_by("-pk").values_list("document", flat=True))


def _variables(scope: Scope) -> Iterable[str]:
    for document in map(object_at, _recent_documents(scope)):
        for container in overrides(document):
            for _, entry in environment_entries(container):
                yield text_at(entry, "name")


def _parameters(scope: Scope) -> Iterable[str]:
    for document in _recent_documents(scope):
        yield from object_at(document, "parameters")


_SUBKEYS: Mapping[str, Callable[[Scope], Iterable[str]]] = MappingProxyType(
    {"tag.": _tag_keys, "env.": _variables, "param.": _parameters}
)
