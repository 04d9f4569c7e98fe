"""Documents as AWS CLI commands, the reverse of `parsing.cli_command`."""

import json
import shlex

from jobs.spec.documents import Document, Kind

_COMMANDS = {Kind.DEFINITION: "register-job-definition", Kind.SUBMISSION: "submit-job"}


def command(document: Document, kind: Kind, region: str) -> str:
    """Return a shell command that submits the document. Raise KeyError for a workflow: the CLI has no command."""
    text = shlex.quote(json.dumps(document, indent=2, ensure_ascii=False))
    return f"aws batch {_COMMANDS[kind]} --region {shlex.quote(region)} --cli-input-json {text}"
