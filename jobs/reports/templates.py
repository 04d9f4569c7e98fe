"""Workflow templates of a team, and what became of each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.models import Submission, Team, TemplateVersion, WorkflowTemplate
from jobs.models.pagination import KeysetPage
from jobs.reports import versioned
from jobs.spec.documents import Document, is_integer, list_at, text_at, value_at
from jobs.spec.redaction import MASK, redact
from jobs.spec.rules.workflow import plan_workflow
from jobs.spec.step_conditions import Condition
from jobs.spec.substitution import fill, mask_default, secret_parameters
from jobs.spec.template_parameters import Parameter, sample_values

PAGE_SIZE = 24
MAX_STEPS_SHOWN = 200


@dataclass(frozen=True)
class TemplateCard:
    template: WorkflowTemplate
    number: int
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True)
class TemplateStep:
    """A step as it stands in the document, with what it waits for."""

    name: str
    definition: str
    queue: str
    size: str
    waits: tuple[str, ...]


def template_page(
    team: Team, *, text: str = "", after: str = "", archived: bool = False, limit: int = PAGE_SIZE
) -> KeysetPage[TemplateCard]:
    """Return templates by name. Raise InvalidPageCursorError."""
    templates = WorkflowTemplate.objects.filter(team=team, archived_at__isnull=not archived)
    versions = TemplateVersion.objects.all()
    page = versioned.page_by_name(templates, versions, "template", text=text, after=after, size=limit)
    return page.with_rows(_cards(page.rows))


def cards_by_key(team: Team, keys: Sequence[int]) -> dict[int, TemplateCard]:
    templates = WorkflowTemplate.objects.filter(team=team, pk__in=keys)
    rows = versioned.with_newest(templates, TemplateVersion.objects.all(), "template")
    return {card.template.pk: card for card in _cards(list(rows))}


def _cards(rows: Sequence[Any]) -> list[TemplateCard]:
    versions = TemplateVersion.objects.defer("text", "document").in_bulk([row.newest for row in rows])
    return [TemplateCard(row, versions[row.newest].number, versions[row.newest].parameter_list) for row in rows]


def has_templates(team: Team) -> bool:
    return WorkflowTemplate.objects.active().filter(team=team).exists()


def shown_parameters(version: TemplateVersion) -> tuple[Parameter, ...]:
    """Return the parameters with secret defaults masked."""
    secrets = secret_parameters(version.document, version.parameter_list)
    return tuple(mask_default(parameter, secrets) for parameter in version.parameter_list)


def comparable_document(version: TemplateVersion) -> Document:
    """Return document and parameters as one document, for their differences. Secrets are masked."""
    parameters = {parameter.name: parameter.as_json() for parameter in shown_parameters(version)}
    document: Document = redact({"document": version.document, "parameters": parameters})
    return document


def template_steps(version: TemplateVersion, edges: Iterable[Sequence[Any]]) -> list[TemplateStep]:
    """Return the first steps, as the table of the page has them."""
    document = redact(version.document)
    names = [text_at(job, "jobName") for job in list_at(document, "jobs")]
    waits: dict[int, list[str]] = {}
    for parent, step, label in edges:
        waits.setdefault(step, []).append(f"{names[parent]} ({label})" if label else names[parent])
    return [
        TemplateStep(
            names[number],
            text_at(job, "jobDefinition"),
            text_at(job, "jobQueue"),
            str(value_at(job, "arrayProperties", "size") or ""),
            tuple(waits.get(number, ())),
        )
        for number, job in enumerate(list_at(document, "jobs")[:MAX_STEPS_SHOWN])
    ]


def template_graph(version: TemplateVersion) -> dict[str, Any]:
    """Return steps and edges for the picture, with the names of the template."""
    sample, _ = fill(version.document, sample_values(version.parameter_list))
    try:
        steps = plan_workflow(sample).steps
    except ValueError:  # only with other values it has no circular dependency
        steps = ()
    sizes = [value_at(job, "arrayProperties", "size") for job in list_at(sample, "jobs")]
    return {
        "steps": [
            {
                "name": text_at(job, "jobName"),
                "definition": text_at(job, "jobDefinition"),
                "size": sizes[number] if is_integer(sizes[number]) else None,
            }
            for number, job in enumerate(list_at(version.document, "jobs"))
        ],
        "edges": [
            [edge.parent, step.index, edge.type or Condition(edge.condition).label]
            for step in steps
            for edge in step.dependencies
        ],
    }


def losses(version: TemplateVersion) -> list[str]:
    """Return what the workflow alone, as other scripts read it, does not have of the template."""
    document = version.document
    texts = []
    if parameters := version.parameter_list:
        names = ", ".join(parameter.name for parameter in parameters)
        texts.append(f"Parameters ({names}): the file has their defaults instead.")
    if count := len(list_at(document, "conditions")):
        noun = "condition" if count == 1 else "conditions"
        texts.append(f"{count} {noun}: steps that wait for a failure or an end start at once.")
    if text_at(document, "name"):
        texts.append("The name of the workflow.")
    return texts


def plain_workflow(document: Document) -> Document:
    """Return the part of a workflow that AWS Batch and other scripts know."""
    return {"jobs": list_at(document, "jobs")}


def template_values(submission: Submission) -> Mapping[str, str]:
    return submission.ordered_template_values


def prefill_values(submission: Submission) -> dict[str, str]:
    return {name: text for name, text in template_values(submission).items() if MASK not in text}
