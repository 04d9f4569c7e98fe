"""The sections of a job's form: what they show of a document, on the page and with each preview.

The form of a job and the page that edits a request for approval have them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import QueryDict

from jobs.access import Member
from jobs.actions.validate import queue_facts
from jobs.models import Revision
from jobs.policy.grants import TeamGrants
from jobs.policy.tags import TagRequirement
from jobs.reports import options
from jobs.reports.options import Choice
from jobs.spec.containers import is_fargate
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.forms import FieldValue, with_tag_fields
from jobs.spec.forms.applicability import inapplicable_fields
from jobs.spec.forms.client_config import client_fields
from jobs.spec.rules.overrides import parameter_names
from jobs.web import schemas
from jobs.web.builder import array_preview, definition_summary, feedback, preflight, queue_notes, tag_rules
from jobs.web.builder.bound_fields import SIZES_FIELD, BoundField, bound_fields, fargate_size_choices, sizes_key
from jobs.web.builder.feedback import Feedback
from jobs.web.builder.form_state import FIELDS_BY_KIND, PANES, BuilderForm
from jobs.web.shell.auth import SignedInRequest
from jobs.web.shell.text_input import drop_nul

BLANK_JOB: Document = {"jobName": "", "jobQueue": "", "jobDefinition": ""}
REVISION_OF_FIELD = "revision_of"
"""The definition for which the page listed revisions; their numbers mean nothing for another one."""
PARAMETERS_FIELD = "parameters_of"
"""The parameters that the page has fields for; only if they change are the fields rendered again."""
FARGATE_QUEUE = "ECS_FARGATE"
"""Type of a queue with Fargate's compute environments, as AWS has it."""
INDEX_FIELD = "array_index"
"""The index of an array whose child job the page previews."""


def posted_job(post: QueryDict) -> BuilderForm:
    form = BuilderForm.from_post(DocumentKind.SUBMISSION, post, BLANK_JOB)
    if form.follows_text:
        return form
    offered_for = post.get(REVISION_OF_FIELD)
    if offered_for is not None and offered_for != form.values["definition"]:
        return form.with_value("revision", "")
    return form


def page_context(
    request: SignedInRequest, member: Member, form: BuilderForm, form_feedback: Feedback
) -> dict[str, Any]:
    """Return what the sections need on a page."""
    runnable = _runnable_revisions(member, form, form_feedback)
    summary = _definition_summary(form, runnable)
    requirements = _tag_requirements(member, form_feedback)
    form = _with_parameters(form, summary).with_tag_keys(tag_rules.tag_keys(requirements))
    queues, _ = options.queue_choices(member.team)
    selected_ids = _strings(form.values["waits"])
    recent = options.recent_values(member.team, selected_ids)
    field_options = {
        "queue": queues,
        "definition": options.definition_choices(member.team),
        "revision": _revision_choices(runnable),
    }
    fields = tag_rules.bind_tag_rules(
        _bound_fields(form, form_feedback, summary, field_options),
        requirements,
        member.team.name,
        definition_tags=dict(summary.tags) if summary else {},
        recent_values=recent.tags,
    )
    return {
        **_shared_context(request, member, form, form_feedback, fields),
        "definition_summary": summary,
        "fields": client_fields(with_tag_fields(FIELDS_BY_KIND[form.kind], form.tag_keys)),
        "schema": schemas.schema_url(form.kind),
        "panes": PANES,
        "wait_ms": feedback.PREVIEW_DELAY_MS,
        "portal_tags": tag_rules.portal_tags(requirements),
        "latest_label": _latest_label(runnable),
        "recent_values": recent,
        "jobs": recent.dependencies,
        "selected_ids": selected_ids,
        "paired_ids": _strings(form.values["n_to_n"]),
        "has_definitions": bool(field_options["definition"]),
    }


def preview_context(
    request: SignedInRequest, member: Member, form: BuilderForm, form_feedback: Feedback
) -> dict[str, Any]:
    runnable = _runnable_revisions(member, form, form_feedback)
    summary = _definition_summary(form, runnable)
    form = _with_parameters(form, summary)
    fields = tag_rules.bind_tag_rules(
        _bound_fields(form, form_feedback, summary, {"revision": _revision_choices(runnable)}),
        _tag_requirements(member, form_feedback) if form.tag_keys else (),
        member.team.name,
        definition_tags=dict(summary.tags) if summary else {},
        recent_values={},
    )
    return {
        **_shared_context(request, member, form, form_feedback, fields),
        "definition_summary": summary,
        "latest_label": _latest_label(runnable),
        "are_sizes_new": request.POST.get(SIZES_FIELD, "") != sizes_key(fields),
        "are_parameters_new": request.POST.get(PARAMETERS_FIELD, "") != " ".join(form.parameter_names),
        "are_rules_new": request.POST.get("rules_of", "") != form.retry_rules_key,
        "is_oob": True,
    }


def _shared_context(
    request: SignedInRequest,
    member: Member,
    form: BuilderForm,
    form_feedback: Feedback,
    fields: Mapping[str, BoundField],
) -> dict[str, Any]:
    return {
        "team": member.team,
        "member": member,
        "form": form,
        "feedback": form_feedback,
        "preflight": preflight.run_checks(form_feedback, member),
        "bound_fields": fields,
        "sizes_key": sizes_key(fields),
        "array_preview": array_preview.array_preview(form_feedback.result, request.POST.get(INDEX_FIELD, "")),
    }


def _runnable_revisions(member: Member, form: BuilderForm, form_feedback: Feedback) -> list[Revision]:
    """Return those that the validation read, if it did."""
    name = _definition_name(form)
    revisions = form_feedback.result.revisions.get(name) if form_feedback.result else None
    if revisions is None:
        return options.runnable_revisions(member.team, name)
    return [revision for revision in revisions if revision.is_runnable][: options.MAX_REVISIONS]


def _definition_summary(form: BuilderForm, runnable: list[Revision]) -> definition_summary.DefinitionSummary | None:
    number = form.values["revision"]
    revisions = [revision for revision in runnable if not number or str(revision.number) == number]
    return definition_summary.summarize(revisions[0]) if revisions else None


def _bound_fields(
    form: BuilderForm,
    form_feedback: Feedback,
    summary: definition_summary.DefinitionSummary | None,
    choices: Mapping[str, Iterable[Choice]],
) -> dict[str, BoundField]:
    """Return the fields, as the definition and the queue have them."""
    targets = form_feedback.result.resolved_jobs if form_feedback.result else ()
    queue = targets[0].queue if targets else None
    hints = summary.hints if summary else {}
    is_on_fargate = bool(summary and is_fargate(summary.revision.document)) or bool(
        queue and queue.platform == FARGATE_QUEUE
    )
    sizes = fargate_size_choices(str(form.values["vcpus"]) or hints.get("vcpus", "")) if is_on_fargate else {}
    return bound_fields(
        form,
        form_feedback,
        hints=hints,
        choices={**choices, **sizes},
        notes=queue_notes.queue_notes(form_feedback.result),
        inapplicable=inapplicable_fields(
            form.kind, is_fargate=is_on_fargate, is_fair_share=bool(queue and queue_facts(queue).fair_share)
        ),
    )


def _tag_requirements(member: Member, form_feedback: Feedback) -> Sequence[TagRequirement]:
    """Return the team's tag rules: those it was validated with, if it was."""
    grants = form_feedback.result.grants if form_feedback.result else TeamGrants.for_team(member.team)
    return grants.tags


def _with_parameters(form: BuilderForm, summary: definition_summary.DefinitionSummary | None) -> BuilderForm:
    return form.with_parameters(parameter_names(summary.revision.document, form.document) if summary else ())


def _revision_choices(runnable: list[Revision]) -> list[Choice]:
    return [Choice(str(revision.number), str(revision.number)) for revision in runnable]


def _latest_label(runnable: list[Revision]) -> str:
    return f"Latest ({runnable[0].number})" if runnable else "Latest"


def _definition_name(form: BuilderForm) -> str:
    return drop_nul(str(form.values["definition"]))


def _strings(value: FieldValue) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str))
