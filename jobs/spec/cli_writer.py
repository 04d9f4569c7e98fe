"""Documents as AWS CLI commands, the reverse of `parsing.cli_command`."""

import json
import shlex

from jobs.spec.documents import Document, DocumentKind

_COMMANDS = {DocumentKind.DEFINITION: "register-job-definition", DocumentKind.SUBMISSION: "submit-job"}


def write_cli_command(document: Document, kind: DocumentKind, region: str) -> str:
    """Return a shell command that submits the document. Raise KeyError for a workflow: the CLI has no command."""
    text = shlex.quote(json.dumps(document, indent=2, ensure_ascii=False))
    return f"aws batch {_COMMANDS[kind]} --region {shlex.quote(region)} --cli-input-json {text}"
