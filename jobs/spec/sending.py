"""A document as the command line that would hand it to AWS. What `commandline` reads, this writes."""

import json
import shlex

from jobs.spec.documents import Document, Kind

_COMMANDS = {Kind.DEFINITION: "register-job-definition", Kind.SUBMISSION: "submit-job"}


def command(document: Document, kind: Kind, region: str) -> str:
    """For a shell. Raises KeyError for a workflow, for which the AWS CLI has no command."""
    text = shlex.quote(json.dumps(document, indent=2, ensure_ascii=False))
    return f"aws batch {_COMMANDS[kind]} --region {shlex.quote(region)} --cli-input-json {text}"
