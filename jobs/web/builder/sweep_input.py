"""The input for a sweep: a job, its table of values, and how the jobs get them."""

from dataclasses import dataclass

from jobs.models.ids import new_id, to_text
from jobs.spec.index_rerun import IndexRerunPlan, rerun_plan
from jobs.spec.sweep import MAX_TEXT_LENGTH, TableFormat
from jobs.web.builder.form_state import MAX_KEY_LENGTH
from jobs.web.shell.auth import SignedInRequest


@dataclass(frozen=True)
class SweepInput:
    """`source_id` is the job that the document comes from, whose masked values it may have."""

    document_text: str
    values: str
    table_format: TableFormat
    plan: IndexRerunPlan
    request_key: str
    source_id: str = ""
    first: int = 0
    problem: str = ""

    @classmethod
    def from_request(cls, request: SignedInRequest) -> "SweepInput":
        """Read the page of a sweep, or the form of a job, which carries the values along."""
        post = request.POST
        values, table_format, problem = post.get("values", ""), post.get("format", ""), ""
        if file := request.FILES.get("file"):
            table_format = TableFormat.CSV
            content = file.read(MAX_TEXT_LENGTH + 1)
            try:
                values = content.decode("utf-8-sig")
            except UnicodeDecodeError:
                problem = "The file isn't UTF-8 text."
        first = post.get("first", "")
        return cls(
            post.get("document", ""),
            values,
            TableFormat(table_format) if table_format in set(TableFormat) else TableFormat.GRID,
            rerun_plan(post.get("run_as", ""), post.get("index_by", ""), IndexRerunPlan()),
            post.get("request_key", "")[:MAX_KEY_LENGTH] or to_text(new_id()),
            post.get("again", "")[:MAX_KEY_LENGTH],
            int(first) if first.isascii() and first.isdecimal() and len(first) < 6 else 0,
            problem,
        )
