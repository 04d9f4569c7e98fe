"""The picture of a workflow as JSON."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs import access
from jobs.reports import workflow_graph as reports
from jobs.reports.workflow_graph import GraphStep
from jobs.states import STATUSES
from jobs.templatetags.money import usd_text
from jobs.web.shell import polling
from jobs.web.shell.auth import SignedInRequest, login_required


@require_safe
@login_required
def submission_graph(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Return with `part=states` the states only, and the hash of what they belong to."""
    submission, _ = access.submission(request.user, text_id)
    steps = reports.graph_steps(submission)
    changing = {
        "shape": polling.etag(submission.text, [step.text_id for step in steps]),
        "statuses": {_status_key(step): _status(step) for step in steps},
        "states": [_state(step) for step in steps],
    }
    if request.GET.get("part") == "states":
        return JsonResponse(changing)
    nodes = [
        {
            "id": step.text_id,
            "name": step.name,
            "url": reverse("job", args=[step.text_id]),
            "size": step.array_size,
            "sequential": step.is_sequential,
        }
        for step in steps
    ]
    return JsonResponse({**changing, "steps": nodes, "edges": reports.graph_edges(submission)})


def _status_key(step: GraphStep) -> str:
    text = step.rerun_summary.text if step.rerun_summary else ""
    return f"{step.status.name}: {text}" if text else step.status.name


def _status(step: GraphStep) -> dict[str, Any]:
    """Return AWS's status; of an array whose failed children ran again, also how that ended."""
    status, summary = step.status, step.rerun_summary
    if not summary or not summary.text:
        return {"label": status.label, "icon": status.icon, "tone": status.tone, "live": status.is_live}
    look = STATUSES["SUCCEEDED"] if summary.has_recovered else STATUSES["RUNNING"] if summary.live else status
    return {
        "label": f"{status.label}, {summary.text}",
        "icon": look.icon,
        "tone": look.tone,
        "live": summary.live > 0,
    }


def _state(step: GraphStep) -> list[Any]:
    times = (step.accepted_at, step.started_at, step.ended_at)
    cost = "" if step.cost is None else usd_text(step.cost)
    return [_status_key(step), step.is_sent, *map(_milliseconds, times), cost]


def _milliseconds(time: datetime | None) -> int | None:
    return int(time.timestamp() * 1000) if time else None
