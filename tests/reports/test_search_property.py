"""Searches find the same on both databases as in plain Python."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils.timezone import now
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from jobs.access import Member
from jobs.models import Account, CostLine, Job, Queue, Revision, Team, User
from jobs.models.cost_total import add_costs
from jobs.models.job_text import insert_texts
from jobs.reports.job_search import Scope, pages, search_counts, search_jobs, search_page, search_rows, walk
from jobs.search import Search, Term, parse
from jobs.states import Delivery, State
from tests import make
from tests.examples import examples
from tests.search.reference import Reference

NAMES = ("train-resnet-50", "Train ResNet", "load_data", "RESNET", "überprüfung", "align.v2", "東京 data")
COMMANDS: tuple[list[str], ...] = (["python", "train.py", "--epochs=5"], ["sh", "-c", "echo out of memory"], [])
IMAGES = ("registry.example.org/research/align:1.2", "python:3.11", "research/train@sha256:abc")
QUARTERS = ("2026-Q3", "2026-q3", "2026-Q4", "a b", "")
TAGS = ("ALPHA", "alpha", "BETA", "x,y")
WORDS = (
    "train", "res", "resnet", "resnet-5", "TRAIN.PY", "--epochs", "epochs=5", "memory", "out-of", "über", "東", "q3",
    "zzz", "example.org", "a", "b", "data", "align.v2", "5", "50", "1.2",
)  # fmt: skip
PHRASES = ("out of memory", "train resnet", "resnet 5", "data loader", "load data", "Train")
JOBS = 40


def strings(*options: str) -> st.SearchStrategy[str]:
    return st.sampled_from(options)


VALUES: dict[str, st.SearchStrategy[str]] = {
    "status": strings("FAILED", "RUNNING", "AWAITING", "SUCCEEDED", "LOST"),
    "queue": strings("cpu", "GPU", "g*", "none"),
    "account": strings("main", "OTHER", "ma*", "none"),
    "instance": strings("m5.large", "M5*", "g4dn.xlarge", "none", "x1.large"),
    "month": strings("2026-10", "2026-11"),
    "charged": strings("2026-11-10", "2026-11-01..2026-11-15"),
    "user": strings("me", "anna", "BOB", "none"),
    "team": strings("one", "Two", "t*"),
    "def": strings("align", "ALIGN:1", "train:2", "t*", "align:1"),
    "image": strings("align", "research/align", "python:3", "research", "1.2", "zzz"),
    "tag.Project": strings(*TAGS, "*", "a*", "zzz"),
    "tag.project": strings("ALPHA", "*"),
    "untagged": strings("Project", "Other"),
    "env.QUARTER": strings(*filter(None, QUARTERS), "*", "2026*"),
    "param.dataset": strings("q2", "*", "Q*"),
    "exit": strings("0", "1", "137"),
    "array": strings("yes", "no"),
    "source": strings("api", "form"),
    "cost": strings("0", "1", "0.5", "$2"),
    "ran": strings("1m", "1h", "90m"),
    "waited": strings("1m", "1h", "1d"),
    "after": strings("-7d", "2026-11-10"),
    "before": strings("-1d", "2026-11-20"),
    "ended": strings("-7d", "2026-11-10"),
}
COMPARED = ("cost", "ran", "waited", "ended")
SINGLE = (*COMPARED, "month", "charged", "after", "before", "array", "untagged")


@st.composite
def terms(draw: st.DrawFn) -> Term:
    negated = draw(st.sampled_from((False, False, True)))
    key = draw(st.sampled_from(("", "", "", *VALUES)))
    if not key:
        is_phrase = draw(st.booleans())
        return Term("", (draw(strings(*(PHRASES if is_phrase else WORDS))),), negated=negated, is_phrase=is_phrase)
    values = draw(st.lists(VALUES[key], min_size=1, max_size=1 if key in SINGLE else 3))
    operator = draw(strings("<", ">", "<=", ">=")) if key in COMPARED else ":"
    if key == "exit":
        operator = draw(strings(":", ":", ">", "<="))
    return Term(key, tuple(values), operator, negated=negated)


@pytest.mark.postgres
class SearchTest(TestCase):
    now: datetime
    teams: list[Team]
    anna: User
    revisions: list[Revision]
    jobs: list[Job]
    tags: dict[int, dict[str, str]]

    @classmethod
    def setUpTestData(cls) -> None:
        rng = random.Random(7)
        cls.now = now()
        cls.teams = [make.team("one", name="Team One"), make.team("two", name="Team Two")]
        cls.anna = make.user("anna")
        people = (cls.anna, make.user("Bob"))
        members = [make.member(team, who=person) for team in cls.teams for person in people]
        make.member(make.team("three"))
        account, other = make.account(name="Main"), make.account(name="Other")
        queues = [
            make.queue(name, of=place, teams=tuple(cls.teams))
            for name, place in (("cpu", account), ("gpu", account), ("gpu-large", other))
        ]
        cls.revisions = [
            cls._revision(name, image, account, cls.teams[0])
            for name, image in (
                ("align", IMAGES[0]),
                ("train", IMAGES[1]),
                ("Align-2", IMAGES[2]),
                ("train", IMAGES[0]),
            )
        ]
        cls.tags = {}
        jobs = [cls._job(rng, members, queues) for _ in range(JOBS)]
        lines = CostLine.objects.bulk_create(line for job in jobs for line in cls._cost_lines(rng, job))
        add_costs(lines)
        insert_texts((job, job.revision.document, cls.tags[job.pk]) for job in jobs)
        related = ("queue", "account", "person", "team", "submission", "revision__definition")
        cls.jobs = list(Job.objects.select_related(*related).prefetch_related("cost_lines").order_by("-pk"))

    @staticmethod
    def _revision(name: str, image: str, account: Account, team: Team) -> Revision:
        revision = make.revision(name, of=team, where=account)
        revision.document["containerProperties"] |= {"image": image, "command": ["python", "default.py"]}
        revision.save()
        return revision

    @classmethod
    def _job(cls, rng: random.Random, members: list[Member], queues: list[Queue]) -> Job:
        queue = rng.choice(queues)
        submission = make.submission(rng.choice(members), queue.account)
        submission.source = rng.choice(("api", "form"))
        submission.save()
        overrides: dict[str, Any] = {}
        if rng.random() < 0.7:
            overrides["environment"] = [{"name": "QUARTER", "value": rng.choice(QUARTERS)}]
        if command := rng.choice(COMMANDS):
            overrides["command"] = command
        document = {"containerOverrides": overrides}
        if rng.random() < 0.5:
            document["parameters"] = {"dataset": rng.choice(("q2", "Q3"))}
        status = rng.choice(
            [{"state": state} for state in (State.FAILED, State.RUNNING, State.SUCCEEDED, State.LOST, State.RUNNABLE)]
            + [{"delivery": Delivery.AWAITING}, {"delivery": Delivery.REFUSED}]
        )
        accepted_at = cls.now - timedelta(days=rng.uniform(0, 30))
        times: dict[str, Any] = {}
        if rng.random() < 0.7:
            times["started_at"] = accepted_at + timedelta(minutes=rng.choice((0, 30, 60, 90)))
            if status.get("state") not in (State.RUNNING, State.RUNNABLE):
                times["stopped_at"] = times["started_at"] + timedelta(minutes=rng.choice((1, 60, 90, 200)))
                times["ended_at"] = times["stopped_at"]
        job = make.job(
            submission,
            name=rng.choice(NAMES),
            queue=queue,
            revision=rng.choice(cls.revisions),
            document=document,
            array_size=rng.choice((None, None, 5)),
            exit_code=rng.choice((None, 0, 1, 137)),
            usd_units=rng.choice((0, 10**10, 5 * 10**9, 3 * 10**10)),
            **status,
            **times,
        )
        run_ms = (job.stopped_at - job.started_at) // timedelta(milliseconds=1) if job.stopped_at else 0
        Job.objects.filter(pk=job.pk).update(accepted_at=accepted_at, run_ms=run_ms)
        cls.tags[job.pk] = {"Project": rng.choice(TAGS)} if rng.random() < 0.7 else {}
        return job

    @staticmethod
    def _cost_lines(rng: random.Random, job: Job) -> list[CostLine]:
        return [
            CostLine(
                job=job,
                attempt=attempt,
                day=date(2026, rng.choice((10, 11)), rng.choice((5, 10, 20))),
                team=job.team,
                account=job.account,
                queue=job.queue,
                definition=job.definition,
                person=job.person,
                succeeded=True,
                billed_seconds=60,
                usd=Decimal(rng.choice((1, 2))),
                instance_type=rng.choice((None, "m5.large", "m5.xlarge", "g4dn.xlarge")),
            )
            for attempt in range(1, rng.choice((1, 2, 4)))
        ]

    @examples(40, fuzz=10_000)
    @given(st.lists(terms(), max_size=4), st.sampled_from(("one", "all", "mine", "staff")))
    def test_a_search_finds_what_plain_python_finds(self, some_terms: list[Term], whose: str) -> None:
        search = Search(tuple(some_terms))
        scope = self.scope(whose)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pages, "now", lambda: self.now)
            patch.setattr(pages, "WALK_LIMIT", 10)
            counts = search_counts(scope, search)
            patch.setattr(walk, "READ_LIMIT", 12)
            keys = {row.job.pk for row in search_rows(scope, search)}
            assert keys == set(search_jobs(scope, search).values_list("pk", flat=True))
            page = search_page(scope, search, rows=3)
            pages_of_three = [page]
            while page.next:
                page = search_page(scope, search, before=page.next, rows=3)
                pages_of_three.append(page)

        reference = Reference(self.now, scope.user.username)
        expected = [job.pk for job in self.visible(whose) if reference.finds(job, search, self.tags[job.pk])]
        assert keys == set(expected), str(search)
        paged = [row.job.pk for page in pages_of_three for row in page.rows]
        assert sorted(paged) == sorted(expected), str(search)
        every_status = search.without_keys("status")
        total = sum(reference.finds(job, every_status, self.tags[job.pk]) for job in self.visible(whose))
        assert (counts.total, counts.is_complete) == (total, True)

    def scope(self, whose: str) -> Scope:
        if whose == "staff":
            return Scope(make.admin())
        return Scope(self.anna, self.teams[0] if whose == "one" else None, mine=whose == "mine")

    def visible(self, whose: str) -> list[Job]:
        jobs = [job for job in self.jobs if whose != "one" or job.team_id == self.teams[0].pk]
        return [job for job in jobs if whose != "mine" or job.person_id == self.anna.pk]

    def test_the_text_of_a_search_finds_the_same(self) -> None:
        text = 'status:failed,running -user:bob tag.Project:alpha "train resnet"'
        search = parse(text)

        assert set(search_jobs(self.scope("all"), search)) == set(search_jobs(self.scope("all"), parse(str(search))))
