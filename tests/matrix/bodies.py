"""What is sent with a POST, so that it would do something if it were let in."""

import json
from typing import Any

from tests.matrix.sides import OURS, document_of, submission_of
from tests.matrix.world import World

NEW_PASSWORD = "eleven quiet herons"


def request_body(route: str, world: World) -> Any:
    """The body for a route; for most an empty form."""
    submission, definition = submission_of(OURS), document_of(OURS)
    asked = submission_of(OURS, arrayProperties={"size": 8})
    place = {"fields": [{"name": "place", "default": "here"}]}
    form = {
        "name": "By program",
        "sections": [place],
        "document": submission_of(OURS, parameters={"place": "${param.place}"}),
    }
    return {
        "api:submit": submission,
        "api:list_submissions": submission,
        "api:register": definition,
        "api:list_definitions": definition,
        "api:validate": definition,
        "sign_in": {"username": world.ours.viewer.username, "password": "demo"},
        "account_login": {"username": world.ours.viewer.username, "password": "demo"},
        "account_change_password": {"oldpassword": "demo", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
        "account_reset_password": {"email": world.ours.viewer.email},
        "write": {"text": json.dumps(submission)},
        "judge": {"text": json.dumps(submission)},
        "approval_approve": {"version": "1"},
        "approval_decline": {"version": "1", "why": "Too dear."},
        "approval_edit": {"version": "1", "text": json.dumps(asked)},
        "approval_judge": {"text": json.dumps(asked)},
        "definition_details": {"description": "What it is for", "labels": "one, two"},
        "launch_form_details": {"description": "What it is for", "labels": "one, two"},
        "template_details": {"description": "What it is for", "labels": "one, two"},
        "definition_describe": {"text": "What it is for"},
        "template_new": {"document": json.dumps({"jobs": [submission]}), "name": "New", "do": "save"},
        "template_version_new": {"document": json.dumps({"jobs": [submission]}), "note": "Why", "do": "save"},
        "template_start": {
            "value-place": "here",
            "value-word": "y",
            "value-apiKey": "k",
            "version": "2",
            "do": "submit",
        },
        "launch_form_new": {"text": json.dumps(form), "do": "save"},
        "launch_form_edit": {"text": json.dumps({**form, "name": f"{world.ours.word}-form"}), "do": "save"},
        "form_preset_save": {"value-place": "here", "preset_name": "Mine"},
        "launch_form_revisions": {"version": "2", "definition": "hello:2"},
        "launch_form_favorite": {"favorite": "on", "page": "home"},
        "launch_form_run": {"value-place": "here", "version": "2", "do": "submit"},
        "api:list_forms": form,
        "api:push_form": form,
        "api:submit_form": {"values": {"place": "here"}},
        "api:create_template": {"name": "By program", "document": {"jobs": [submission]}},
        "api:list_templates": {"name": "By program", "document": {"jobs": [submission]}},
        "api:create_version": {"document": {"jobs": [submission]}, "note": "By program"},
        "api:start_template": {"values": {"place": "here", "word": "y", "apiKey": "k"}},
        "template_describe": {"text": "What it is for"},
        "submission_rename": {"name": "Renamed"},
        "job_view_save": {"name": "Mine"},
        "job_columns": {"column": ["queue", "cost"]},
        "revision_why": {"text": "Why it was made"},
        "further_fields": {"document": json.dumps(submission), "further_words": "priority"},
        "further_part": {"document": json.dumps(submission), "at": "/retryStrategy"},
        "bulk_new": {"do": "again", "jobs": world.ours.job.text_id, "request_key": "k", "confirm": "1"},
        "members": {"username": "stranger", "role": "analyst"},
        "member_role": {"role": "analyst"},
        "tokens": {"name": "CI", "scope": "submit", "days": "90"},
        "own_tokens": {"name": "CI", "scope": "submit", "days": "90", "team": world.ours.team.slug},
    }.get(route, None if route.startswith(("api:", "/api/")) else {})
