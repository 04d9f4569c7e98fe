"""Head and rows of the list of jobs. As template nodes, rows took four times as long, half of the page's time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.defaultfilters import floatformat
from django.template.loader import render_to_string
from django.utils.html import conditional_escape, escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

from jobs.models import Job
from jobs.models.ids import address_of
from jobs.spec.documents import DocumentKind
from jobs.templatetags.money import estimate, money
from jobs.templatetags.portal import ago, copyable, details_button, icon, mib_text, period, row_tags, status
from jobs.web.job_list.columns import COLUMNS, JobColumn
from jobs.web.job_list.query import SortLink
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
    cells = "".join(f"{_STARTS[name]}{content(line)}</td>" for name, content in _CONTENTS.items() if columns[name])
    return mark_safe("".join((start, _name_cell(line), cells, "</tr>\n")))  # noqa: S308 - each part is safe


@register.simple_tag
def job_column_heads(columns: Columns, sorts: Mapping[str, SortLink]) -> SafeString:
    """Render the heads of what `job_row` renders after the name."""
    return format_html_join("\n", "{}", ((_head(COLUMNS[name], sorts),) for name in _CONTENTS if columns[name]))


def _head(column: JobColumn, sorts: Mapping[str, SortLink]) -> SafeString:
    note = format_html(" {}", estimate("#estimates")) if column.name == "cost" else ""
    if column.name not in sorts:
        return format_html('<th scope="col" class="{}">{}{}</th>', column.style, column.label, note)
    link = sorts[column.name]
    return format_html(
        '<th scope="col" class="{}"{}><a class="sort-link" href="?{}">{}{}</a>{}</th>',
        column.style,
        format_html(' aria-sort="{}"', link.direction) if link.direction else "",
        link.query,
        column.label,
        render_to_string("jobs/sort_icon.html", {"direction": link.direction}),
        note,
    )


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
    return escape(line.row.job.team.name)


def _queue(line: _Line) -> SafeString:
    return line.queue


def _submitted(line: _Line) -> SafeString:
    return format_html('{}<p class="sub nowrap">{}</p>', line.person, line.accepted)


def _waited(line: _Line) -> SafeString:
    return conditional_escape(period(line.row.job.wait_period))


def _ran(line: _Line) -> SafeString:
    job = line.row.job
    has_attempts = job.finished_attempts > 1 and not line.columns["attempts"]
    attempts = format_html('<p class="sub nowrap">{} attempts</p>', job.finished_attempts) if has_attempts else ""
    return format_html("{}{}", period(job.run_period), attempts)


def _attempts(line: _Line) -> SafeString:
    return escape(line.row.job.finished_attempts or "—")


def _exit(line: _Line) -> SafeString:
    code = line.row.job.exit_code
    return escape("—" if code is None else code)


def _size(line: _Line) -> SafeString:
    job = line.row.job
    return format_html(
        '{} vCPU<p class="sub nowrap">{}{}</p>',
        floatformat(job.vcpus, "-2"),
        mib_text(job.memory_mib),
        f", {job.gpus} GPU" if job.gpus else "",
    )


def _image(line: _Line) -> SafeString:
    return escape(line.row.image or "—")


def _reason(line: _Line) -> SafeString:
    explanation = line.row.job.explanation
    text = (explanation and explanation.sentence) or line.row.job.reason_text
    return escape(Truncator(text).chars(MAX_REASON) or "—")


def _id(line: _Line) -> SafeString:
    return copyable(line.text_id, "job ID")


def _aws(line: _Line) -> SafeString:
    batch_id = line.row.job.batch_id
    return copyable(batch_id, "AWS job ID") if batch_id else escape("—")


def _cost(line: _Line) -> SafeString:
    if line.row.usd is None:
        return mark_safe('<span class="quiet">—</span>')
    url = address_of("receipt", line.row.job.public_id)
    return format_html('<a class="usd" href="{}">{}</a>', url, money(line.row.usd))


_CELLS: Mapping[str, Callable[[_Line], SafeString]] = {
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
_CELL_STYLES = {
    "queue": "col-queue",
    "attempts": "num",
    "exit": "num",
    "image": "col-image",
    "reason": "col-reason",
    "id": "nowrap",
    "aws": "nowrap",
}
"""CSS classes that the head doesn't have."""


def _cell_start(column: JobColumn) -> SafeString:
    # On a small screen the cost stands beside the name, without a label.
    label = format_html(' data-label="{}"', column.label) if column.name != "cost" else ""
    style = " ".join(filter(None, (column.style, _CELL_STYLES.get(column.name))))
    return format_html('<td class="{}"{}>', style, label)


_CONTENTS = {name: _CELLS[name] for name, column in COLUMNS.items() if not column.is_beside_name}
"""What cells contain, in the table's order."""
_STARTS = {name: _cell_start(COLUMNS[name]) for name in _CONTENTS}
