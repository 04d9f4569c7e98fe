"""Rows of the list of jobs. As nodes of a template they took four times as long, and half of the page's time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.defaultfilters import floatformat
from django.template.loader import render_to_string
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

from jobs.models import Job
from jobs.models.ids import address_of
from jobs.spec.documents import DocumentKind
from jobs.templatetags.money import money
from jobs.templatetags.portal import ago, copyable, details_button, icon, mib_text, period, row_tags, status
from jobs.web.job_list.rows import ListRow

register = template.Library()

MAX_WORKFLOW_NAME = 28
MAX_REASON = 160

Columns = Mapping[str, bool]
"""Whether each column of the list is shown."""


@dataclass(frozen=True)
class _Line:
    """A row, and what several of its cells show, escaped once."""

    row: ListRow
    columns: Columns
    text_id: SafeString
    name: SafeString
    queue: SafeString
    person: SafeString
    accepted: SafeString | str


@register.simple_tag
def job_row(row: ListRow, columns: Columns) -> SafeString:
    """Render the cells in the order of the table's head."""
    job, state = row.job, row.job.status
    line = _Line(
        row,
        columns,
        text_id=mark_safe(job.text_id),  # noqa: S308 - digits and letters
        name=escape(job.name),
        queue=escape(job.queue.name),
        person=escape(job.person.display_name),
        accepted=ago(job.accepted_at),
    )
    start = format_html(
        '<tr data-key="{id}" data-announce="{name}" data-state="{state}"><td><label class="pick">'
        '<input type="checkbox" form="bulk" name="job" value="{id}" aria-label="Select {name}"></label>{status}</td>',
        id=line.text_id,
        name=line.name,
        state=state.label,
        status=status(state),
    )
    cells = (cell(line) for name, cell in _CELLS.items() if columns[name])
    return mark_safe("".join((start, _name_cell(line), *cells, "</tr>\n")))  # noqa: S308 - each part is safe


def _name_cell(line: _Line) -> SafeString:
    row, columns = line.row, line.columns
    job = row.job
    url = mark_safe(job.get_absolute_url())  # noqa: S308 - digits and letters
    summary = job.rerun_summary
    return format_html(
        '<td><a class="row-link" id="j-{}" href="{}">{}</a>{}{}{} {}<p class="sub row-line">{}{} {}</p>{}</td>',
        line.text_id,
        url,
        line.name,
        details_button(url, line.text_id, line.name),
        format_html('<span class="tag">array of {}</span>', intcomma(job.array_size)) if job.array_size else "",
        _workflow_link(job) if job.submission.kind == DocumentKind.WORKFLOW else "",
        render_to_string("jobs/job/rerun_summary.html", {"summary": summary}) if summary else "",
        format_html("<span>{}</span>", str(job.revision)) if columns["definition"] else "",
        format_html('<span class="to-lg">{}{}</span>', "· " if columns["definition"] else "", line.queue)
        if columns["queue"]
        else "",
        format_html('<span class="from-lg">{}</span>', row_tags(row.tags)) if columns["tags"] and row.tags else "",
        format_html('<p class="sub to-md">{}, {}</p>', line.person, line.accepted) if columns["submitted"] else "",
    )


def _workflow_link(job: Job) -> SafeString:
    name = job.submission.name
    return format_html(
        '<a class="tag tag-link" href="{}" title="Workflow {}">{}{}</a>',
        job.submission.get_absolute_url(),
        name,
        icon("sitemap"),
        name if len(name) <= MAX_WORKFLOW_NAME else Truncator(name).chars(MAX_WORKFLOW_NAME),
    )


def _team(line: _Line) -> SafeString:
    return format_html('<td class="from-md" data-label="Team">{}</td>', line.row.job.team.name)


def _queue(line: _Line) -> SafeString:
    return format_html('<td class="from-lg col-queue" data-label="Queue">{}</td>', line.queue)


def _submitted(line: _Line) -> SafeString:
    return format_html(
        '<td class="from-md" data-label="Submitted">{}<p class="sub nowrap">{}</p></td>', line.person, line.accepted
    )


def _waited(line: _Line) -> SafeString:
    return format_html('<td class="from-lg end" data-label="Wait time">{}</td>', period(line.row.job.wait_period))


def _ran(line: _Line) -> SafeString:
    job = line.row.job
    has_attempts = job.finished_attempts > 1 and not line.columns["attempts"]
    attempts = format_html('<p class="sub nowrap">{} attempts</p>', job.finished_attempts) if has_attempts else ""
    return format_html('<td class="from-sm end" data-label="Run time">{}{}</td>', period(job.run_period), attempts)


def _attempts(line: _Line) -> SafeString:
    number = line.row.job.finished_attempts
    return format_html('<td class="from-lg end num" data-label="Attempts">{}</td>', number or "—")


def _exit(line: _Line) -> SafeString:
    code = line.row.job.exit_code
    return format_html('<td class="from-lg end num" data-label="Exit code">{}</td>', "—" if code is None else code)


def _size(line: _Line) -> SafeString:
    job = line.row.job
    return format_html(
        '<td class="from-lg" data-label="Compute">{} vCPU<p class="sub nowrap">{}{}</p></td>',
        floatformat(job.vcpus, "-2"),
        mib_text(job.memory_mib),
        f", {job.gpus} GPU" if job.gpus else "",
    )


def _image(line: _Line) -> SafeString:
    return format_html('<td class="from-lg col-image" data-label="Image">{}</td>', line.row.image or "—")


def _reason(line: _Line) -> SafeString:
    explanation = line.row.job.explanation
    text = (explanation and explanation.sentence) or line.row.job.reason_text
    reason = Truncator(text).chars(MAX_REASON) or "—"
    return format_html('<td class="from-lg col-reason" data-label="Reason">{}</td>', reason)


def _id(line: _Line) -> SafeString:
    chip = copyable(line.text_id, "job ID")
    return format_html('<td class="from-lg nowrap" data-label="Job ID">{}</td>', chip)


def _aws(line: _Line) -> SafeString:
    batch_id = line.row.job.batch_id
    chip = copyable(batch_id, "AWS job ID") if batch_id else "—"
    return format_html('<td class="from-lg nowrap" data-label="AWS job ID">{}</td>', chip)


def _cost(line: _Line) -> SafeString:
    if line.row.usd is None:
        return mark_safe('<td class="end"><span class="quiet">—</span></td>')
    url = address_of("receipt", line.row.job.public_id)
    return format_html('<td class="end"><a class="usd" href="{}">{}</a></td>', url, money(line.row.usd))


_CELLS: Mapping[str, Callable[[_Line], SafeString]] = MappingProxyType(
    {
        "team": _team,
        "queue": _queue,
        "submitted": _submitted,
        "waited": _waited,
        "ran": _ran,
        "attempts": _attempts,
        "exit": _exit,
        "size": _size,
        "image": _image,
        "reason": _reason,
        "id": _id,
        "aws": _aws,
        "cost": _cost,
    }
)
"""Status, name, and what is beside the name have no cell of their own that can be left out."""
