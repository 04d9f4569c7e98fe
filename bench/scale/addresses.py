"""Pages and reads of the API, with their filters."""

from datetime import timedelta
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.timezone import now

from bench.scale.world import World
from jobs.models import Job, JobTag, Submission, Team, User
from jobs.search import Search, Term

QUERIES = {
    "": {},
    "failed": {"search": "status:FAILED"},
    "running": {"search": "status:RUNNING"},
    "a queue": {"search": "queue:queue-3"},
    "a person": {"search": "user:scale-one-1"},
    "no such person": {"search": "user:no-such-person"},
    "a definition": {"search": "def:model-training"},
    "a tag": {"search": "tag.Project:ALPHA"},
    "no such tag": {"search": "tag.Project:NONE"},
    "untagged": {"search": "untagged:Project"},
    "text": {"search": "train-resnet"},
    "no such text": {"search": "xyzzy"},
    "highest cost": {"sort": "-cost"},
    "longest run": {"sort": "-run"},
    "longest wait": {"sort": "-wait"},
    "failed, highest cost": {"search": "status:FAILED", "sort": "-cost"},
    "text, highest cost": {"search": "train-resnet", "sort": "-cost"},
    "the beginning of a word": {"search": "re"},
    "one letter": {"search": "t"},
    "a phrase": {"search": '"train resnet"'},
    "text and failed": {"search": "train-resnet status:failed"},
    "all but a tag": {"search": "-tag.Project:ALPHA"},
    "an exit code": {"search": "exit:137"},
    "cost above": {"search": "cost>5"},
    "cost that none has": {"search": "cost>100000"},
    "run time above": {"search": "ran>3h"},
    "wait above": {"search": "waited>50m"},
    "no such account": {"search": "account:none"},
    "an instance type": {"search": "instance:g4dn*"},
    "an instance type, highest cost": {"search": "instance:g4dn*", "sort": "-cost"},
    "no such instance type": {"search": "instance:x1.32xlarge"},
    "cost without an instance type": {"search": "instance:none"},
}

SEARCHES_OF_OTHERS = (
    "", "failed", "running", "a tag", "no such tag", "an environment value", "text", "no such text",
    "text and failed", "highest cost", "failed, highest cost", "text, highest cost",
    "an exit code", "all but a tag", "half a year",
)  # fmt: skip


def addresses_by_person(world: World) -> dict[User, dict[str, str]]:
    """Return addresses by name: of the lead of a large team, and of a person who is in each team.

    Those that begin with `/api/` take the lead's token.
    """
    return {world.lead: addresses(world), world.manager: addresses_of_manager(world)}


def addresses_of_manager(world: World) -> dict[str, str]:
    pages = {"home, in each team": reverse("home")}
    pages |= _jobs_lists("all teams", world.team, Job.objects.all(), {"scope": "all"})
    if small := world.small_team:
        pages |= _jobs_lists("a small team", small, Job.objects.filter(team=small))
        pages["failures of a small team"] = reverse("failures", args=[small.slug])
        pages["costs of a small team"] = _with(reverse("costs", args=[small.slug]), {"by": "tag:Project"})
    pages["costs: all teams"] = _with(reverse("costs_of_all"), {"by": "tag:Project"})
    return pages


def addresses(world: World) -> dict[str, str]:
    team, today = world.team, now().date()
    jobs = Job.objects.filter(team=team)
    job = jobs.filter(state="SUCCEEDED", array_size=None).order_by("-pk")[0]
    array = jobs.filter(array_size__isnull=False).order_by("-pk")[0]
    workflow = Submission.objects.filter(team=team, job_count__gte=3).order_by("-pk")[0]
    middle = _middle(jobs)
    jobs_list, workflows, costs = (reverse(name, args=[team.slug]) for name in ("jobs", "workflows", "costs"))
    pages = {f"jobs: {name or 'newest'}": _with(jobs_list, query) for name, query in _searches(team).items()}
    for month in ("", f"{today.year - 1}-03"):
        for by in ("", "Project", "CostCenter"):
            query = {name: value for name, value in (("month", month), ("by", by)) if value}
            pages[f"costs: {month or 'this month'} {by}".strip()] = _with(costs, query)
    last_year = today.year - 1
    for name, query in {
        "week": {"period": "week", "on": f"{today - timedelta(days=9)}"},
        "quarter by person": {"period": "quarter", "by": "person"},
        "year by definition": {"period": "year", "on": f"{last_year}-03-01", "by": "definition"},
        "half a year of days": {
            "from": f"{today.year - 1}-03-15",
            "to": f"{today.year - 1}-09-15",
            "by": "tag:Project",
        },
        "month, Project and person": {"month": f"{last_year}-03", "by": "tag:Project", "and": "person"},
        "year, Project and queue": {
            "period": "year",
            "on": f"{today.year - 1}-03-01",
            "by": "tag:Project",
            "and": "queue",
        },
    }.items():
        pages[f"costs: {name}"] = _with(costs, query)
    named = {
        "home": reverse("home"),
        "team home": reverse("team_home", args=[team.slug]),
        "workflows": workflows,
        "workflows: deep page": _with(workflows, {"before": middle.submission.text_id}),
        "definitions": reverse("definitions", args=[team.slug]),
        "definition": job.revision.definition.get_absolute_url(),
        "queues": reverse("queues", args=[team.slug]),
        "queue": reverse("queue", args=[team.slug, job.queue_id]),
        "queues of all teams": reverse("queues_of_all"),
        "members": reverse("members", args=[team.slug]),
        "audit": reverse("audit", args=[team.slug]),
        "failures": reverse("failures", args=[team.slug]),
        "failures: 90 days": _with(reverse("failures", args=[team.slug]), {"since": "90"}),
        "approvals": reverse("approvals", args=[team.slug]),
        "job": job.get_absolute_url(),
        "array": array.get_absolute_url(),
        "workflow": workflow.get_absolute_url(),
        "workflow graph": reverse("submission_graph", args=[workflow.text_id]),
        "receipt": reverse("receipt", args=[job.text_id]),
        "run again": reverse("job_again", args=[job.text_id]),
        "create": reverse("create", args=[team.slug]),
        "job form": _with(reverse("job_form", args=[team.slug]), {"definition": job.revision.definition.name}),
        "workflow form": reverse("workflow_form", args=[team.slug]),
        "API job": f"/api/v1/jobs/{job.text_id}",
        "API submission": f"/api/v1/submissions/{workflow.text_id}",
        "API costs": "/api/v1/costs",
        "API jobs": "/api/v1/jobs",
        "API jobs: text, deep page": _with("/api/v1/jobs", {"search": "train", "after": middle.text_id}),
    }
    return named | pages


def _jobs_lists(title: str, team: Team, jobs: QuerySet[Job], scope: dict[str, str] | None = None) -> dict[str, str]:
    address, searches = reverse("jobs", args=[team.slug]), _searches(team)
    queries = {name or "newest": searches[name] for name in SEARCHES_OF_OTHERS}
    queries["deep page"] = {"before": _middle(jobs).text_id}
    return {f"jobs of {title}: {name}": _with(address, query | (scope or {})) for name, query in queries.items()}


def _searches(team: Team) -> dict[str, dict[str, str]]:
    jobs = Job.objects.filter(team=team)
    middle, job, today = _middle(jobs), jobs.latest("pk"), now().date()
    tag = JobTag.objects.filter(team=team, key="Project").order_by("-job")[0].value
    dated = {
        "last week": {"search": f"after:{today}"},
        "half a year": {"search": f"after:{today.year - 1}-03-01 before:{today.year - 1}-09-01"},
        "cost in a month": {"search": f"month:{today.year - 1}-03"},
        "an account": {"search": str(Search((Term("account", (job.account.name,)),)))},
        "an instance type in a month": {"search": f"instance:g4dn* month:{today.year - 1}-03", "sort": "-cost"},
        "deep page": {"before": middle.text_id},
        "text, deep page": {"search": "train", "before": middle.text_id},
        "an environment value": {"search": f"env.QUARTER:{today.year - 1}-Q2"},
        "a job's id": {"search": middle.text_id},
        "tag and failed": {"search": f"tag.Project:{tag} status:FAILED"},
    }
    return QUERIES | dated


def _middle(jobs: QuerySet[Job]) -> Job:
    return jobs.order_by("pk")[jobs.count() // 2]


def _with(address: str, query: dict[str, str]) -> str:
    return f"{address}?{urlencode(query)}" if query else address
