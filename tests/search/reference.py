"""What a search finds, in plain Python over the rows: slow, and apart from the portal's own code where it can be."""

import operator
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from jobs.models import Job
from jobs.models.ids import to_text
from jobs.search import Search, Term
from jobs.states import STATUSES

COMPARE = {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge, ":": operator.eq}
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(:\d+)?", re.IGNORECASE)


class Reference:
    """Jobs with what is known of them. `me` is the username of who searches."""

    def __init__(self, now: datetime, me: str) -> None:
        self.now, self.me = now, me

    def finds(self, job: Job, search: Search, tags: dict[str, str]) -> bool:
        """What a job costs that day on an instance meets all terms on costs together."""
        lines = [(line.day, line.instance_type) for line in job.cost_lines.all()]
        of_lines = [term for term in search.terms if term.key in ("month", "charged", "instance")]
        positive = [term for term in of_lines if not term.negated]
        negative = [term for term in of_lines if term.negated]
        return (
            all(self._holds(job, term, tags) != term.negated for term in search.terms if term not in of_lines)
            and (not positive or any(all(is_of_line(term, *line) for term in positive) for line in lines))
            and not any(is_of_line(term, *line) for term in negative for line in lines)
        )

    def _holds(self, job: Job, term: Term, tags: dict[str, str]) -> bool:
        key, _, name = term.key.partition(".")
        if key == "untagged":
            return not any(same(tag, term.values[0]) for tag in tags)
        if key in ("tag", "env", "param"):
            named = {"tag": tags, "env": environment(job), "param": job.document.get("parameters", {})}[key]
            return any(
                same(tag, name) and is_like(value, pattern) for tag, value in named.items() for pattern in term.values
            )
        if key in ("", "image", "cost", "ran", "waited", "exit", "array", "after", "before", "ended", "def"):
            return any(getattr(self, f"_{key or 'text'}")(job, term, value) for value in term.values)
        field = {
            "status": STATUSES[job.status.name].name,
            "queue": job.queue.name,
            "account": job.account.name,
            "user": job.person.username,
            "source": job.submission.source,
            "team": job.team.slug,
        }[key]
        values = [self.me if key == "user" and same(value, "me") else value for value in term.values]
        return any(is_like(field, value) for value in values) or (
            key == "team" and any(is_like(job.team.name, value) for value in values)
        )

    def _text(self, job: Job, term: Term, value: str) -> bool:
        text_id = to_text(job.public_id)
        if not term.is_phrase and UUID.fullmatch(value):
            return same(job.batch_id or "", value.partition(":")[0])
        if not term.is_phrase and len(value) == len(text_id) and re.fullmatch(r"[0-9a-v]+", value.lower()):
            return same(value, text_id)
        texts = [f"{job.name} {text_id}", image(job), " ".join(command(job)), *environment(job).values()]
        return any(has_phrase(text, value, is_prefix=not term.is_phrase) for text in texts)

    def _image(self, job: Job, _term: Term, value: str) -> bool:
        return has_phrase(image(job), value, is_prefix=True)

    def _def(self, job: Job, _term: Term, value: str) -> bool:
        name, _, number = value.rpartition(":")
        if name and number.isdecimal():
            return is_like(job.revision.definition.name, name) and job.revision.number == int(number)
        return is_like(job.revision.definition.name, value)

    def _cost(self, job: Job, term: Term, value: str) -> bool:
        return bool(COMPARE[term.operator](Decimal(job.usd_units) / 10**10, Decimal(value.lstrip("$"))))

    def _ran(self, job: Job, term: Term, value: str) -> bool:
        if job.run_period is None:
            return False
        start, end = job.run_period
        return bool(COMPARE[term.operator]((end or self.now) - start, duration(value)))

    def _waited(self, job: Job, term: Term, value: str) -> bool:
        if job.wait_period is None:
            return False
        start, end = job.wait_period
        return bool(COMPARE[term.operator]((end or self.now) - start, duration(value)))

    def _exit(self, job: Job, term: Term, value: str) -> bool:
        return job.exit_code is not None and bool(COMPARE[term.operator](job.exit_code, int(value)))

    def _array(self, job: Job, term: Term, value: str) -> bool:
        if term.operator == ":":
            return (job.array_size is not None) == same(value, "yes")
        return job.array_size is not None and bool(COMPARE[term.operator](job.array_size, int(value)))

    def _after(self, job: Job, _term: Term, value: str) -> bool:
        return job.accepted_at >= self._time(value)

    def _before(self, job: Job, _term: Term, value: str) -> bool:
        return job.accepted_at < self._time(value)

    def _ended(self, job: Job, term: Term, value: str) -> bool:
        return job.ended_at is not None and bool(COMPARE[term.operator](job.ended_at, self._time(value)))

    def _time(self, text: str) -> datetime:
        if text[0] == "-":
            return self.now - duration(text[1:])
        return datetime.fromisoformat(text).replace(tzinfo=UTC)


def is_of_line(term: Term, day: date, instance_type: str | None) -> bool:
    if term.key == "instance":
        return any(
            same(value, "none") if instance_type is None else is_like(instance_type, value) for value in term.values
        )
    if term.key == "month":
        return f"{day:%Y-%m}" == term.values[0]
    first, _, last = term.values[0].partition("..")
    return first <= str(day) <= (last or first)


def image(job: Job) -> str:
    return str(job.revision.document["containerProperties"]["image"])


def command(job: Job) -> list[str]:
    own: list[str] = job.document.get("containerOverrides", {}).get("command", [])
    return own or list(job.revision.document["containerProperties"]["command"])


def environment(job: Job) -> dict[str, str]:
    entries = job.document.get("containerOverrides", {}).get("environment", [])
    return {entry["name"]: entry["value"] for entry in entries}


def duration(text: str) -> timedelta:
    return timedelta(seconds=sum(int(number) * SECONDS[unit] for number, unit in re.findall(r"(\d+)(\w)", text)))


def same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def is_like(text: str, pattern: str) -> bool:
    if pattern.endswith("*"):
        return text.casefold().startswith(pattern[:-1].casefold())
    return same(text, pattern)


def has_phrase(text: str, phrase: str, *, is_prefix: bool) -> bool:
    """Compare runs of letters and digits, written with single spaces around them."""

    def plain(text: str) -> str:
        return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())

    return f" {plain(phrase)}{'' if is_prefix else ' '}" in f" {plain(text)} "
