"""Queues to which a role submits with launch forms only: what each door answers to whom."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from django.utils.timezone import now

from jobs import actions
from jobs.access import Member
from jobs.models import BulkItem, FormsOnly, Job, QueueGrant, Role, Source, Submission
from tests.matrix.sides import OURS, submission_of
from tests.matrix.world import World, text

REFUSAL = "with launch forms only. Run one under Catalog, Launch forms."
JOB = submission_of(OURS)
SCRIPT = f"aws batch submit-job --cli-input-json '{json.dumps(submission_of(OURS, containerOverrides={}))}'"
REFUSED_ROLES = {
    "": (),
    FormsOnly.ANALYSTS: ("analyst", "token-submit"),
    FormsOnly.ALL: ("analyst", "token-submit", "lead"),
}
"""By the setting. The token is the analyst's."""

Door = Callable[[World, str], Any]


def page(name: str, arguments: Callable[[World], str], **body: str) -> Door:
    return lambda world, who: world.ask(who, "POST", reverse(name, args=[arguments(world)]), body)


def api(path: Callable[[World], str], body: Any) -> Door:
    return lambda world, who: world.ask(who, "POST", f"/api/v1{path(world)}", body)


def slug(world: World) -> str:
    return world.ours.team.slug


def template(world: World) -> str:
    return world.ours.version.template.text_id


def form(world: World) -> str:
    return world.ours.form_version.form.text_id


def failed_workflow(world: World) -> str:
    """Return a submission that was accepted before the setting was made."""
    grants = QueueGrant.objects.filter(team=world.ours.team)
    setting = grants.values_list("forms_only", flat=True)[0]
    grants.update(forms_only="")
    member = Member(world.ours.analyst, world.ours.team, Role.ANALYST)
    workflow = actions.submit(json.dumps({"jobs": [JOB]}), member, source=Source.JSON)
    batch_id = "00000000-0000-4000-8000-000000000001"
    workflow.jobs.update(delivery="SENT", state="FAILED", batch_id=batch_id, ended_at=now())
    grants.update(forms_only=setting)
    return workflow.text_id


def run_job_again(world: World, who: str) -> Any:
    body = {"document": json.dumps(JOB), "again": world.ours.job.text_id, "do": "submit"}
    return world.ask(who, "POST", reverse("job_form", args=[slug(world)]), body)


SECRETS = {"value-place": "here", "value-word": "y", "value-apiKey": "k", "version": "2", "do": "submit"}
PAGES: dict[str, Door] = {
    "form of a job": page("job_form", slug, document=json.dumps(JOB), do="submit"),
    "form of a workflow": page("workflow_form", slug, document=json.dumps({"jobs": [JOB]}), do="submit"),
    "JSON editor": page("write", slug, text=json.dumps(JOB)),
    "script": page("write", slug, text=SCRIPT),
    "sweep": page("job_sweep", slug, document=json.dumps(JOB), values="A = 1, 2", run_as="single", do="submit"),
    "workflow template": page("template_start", template, **SECRETS),
    "run again": run_job_again,
    "run steps again": page("submission_run_again", failed_workflow, start="failed"),
}
CALLS: dict[str, Door] = {
    "API: a job": api(lambda _: "/submissions", JOB),
    "API: a template": api(
        lambda world: f"/templates/{template(world)}/submissions", {"values": {"place": "here", "apiKey": "k"}}
    ),
    "API: run steps again": api(lambda world: f"/submissions/{failed_workflow(world)}/run-again", {"jobs": [JOB]}),
}
CELLS = [
    *((door, who) for door in PAGES for who in ("analyst", "lead")),
    *((door, "token-submit") for door in CALLS),
]


@pytest.mark.parametrize("setting", REFUSED_ROLES)
@pytest.mark.parametrize(("door", "who"), CELLS)
def test_every_door_for_other_documents_asks_who_may_submit_without_a_form(
    world: World, door: str, who: str, setting: str
) -> None:
    QueueGrant.objects.filter(team=world.ours.team).update(forms_only=setting)

    answer = (PAGES | CALLS)[door](world, who)

    is_refused = who in REFUSED_ROLES[setting]
    assert (REFUSAL in text(answer)) == is_refused
    assert answer.status_code == (422 if is_refused else 202 if who == "token-submit" else 302)


@pytest.mark.parametrize("setting", REFUSED_ROLES)
@pytest.mark.parametrize("who", ["analyst", "lead"])
def test_jobs_that_run_again_together_are_refused_one_by_one(world: World, who: str, setting: str) -> None:
    QueueGrant.objects.filter(team=world.ours.team).update(forms_only=setting)
    failed = Job.objects.get(submission=world.ours.submission, state="FAILED")
    body = {"do": "again", "jobs": failed.text_id, "request_key": "together", "confirm": "1"}

    world.ask(who, "POST", reverse("bulk_new"), body, keep_changes=True)
    item = BulkItem.objects.get(job=failed)
    actions.run_bulk_action(item.action_id)

    item.refresh_from_db()
    assert (REFUSAL in item.note) == (who in REFUSED_ROLES[setting])
    assert (item.submission_id is None) == (who in REFUSED_ROLES[setting])


@pytest.mark.parametrize("who", ["analyst", "lead", "token-submit"])
def test_forms_open_with_values_of_a_link_and_run(world: World, who: str) -> None:
    QueueGrant.objects.filter(team=world.ours.team).update(forms_only=FormsOnly.ALL)
    before = Submission.objects.count()
    if who == "token-submit":
        path = f"/api/v1/forms/{form(world)}/submissions"
        assert world.ask(who, "POST", path, {"values": {"place": "here"}}).status_code == 202
        return
    address = reverse("launch_form_run", args=[form(world)])

    response = world.ask(who, "GET", f"{address}?place=there&do=submit", keep_changes=True)
    assert response.status_code == 200
    assert 'value="there"' in text(response)
    assert Submission.objects.count() == before
    body = {"value-place": "here", "version": "2", "do": "submit"}
    assert world.ask(who, "POST", address, body).status_code == 302
