"""`manage.py judge FILE…`: validates documents without database or AWS."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.spec import effective
from jobs.spec.documents import Document, DocumentKind, is_object, list_at, text_at
from jobs.spec.parsing.parser import (
    MAX_TEXT_BYTES,
    NO_DOCUMENT,
    DocumentParseError,
    ParseResult,
    SeveralDocumentsError,
    parse,
)
from jobs.spec.problems import Problem, has_errors
from jobs.spec.rules import validate
from jobs.spec.rules.required_size import DefaultSize, apply_default_size

EXIT_VALID, EXIT_ERRORS, EXIT_UNREADABLE = 0, 1, 2


@dataclass(frozen=True)
class ValidationReport:
    exit_code: int
    output: Mapping[str, Any]


class Command(BaseCommand):
    help = (
        "Validate job definitions, jobs and workflows without AWS. Prints one JSON object per file. Exits with 0 if "
        "all are valid, 1 if one has errors, 2 if one can't be read."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help="the document; - for standard input")
        parser.add_argument(
            "--kind", choices=[kind.value for kind in DocumentKind], help="kind of the documents; detected by default"
        )
        parser.add_argument("--document", type=int, metavar="N", help="which document of a text with several, from 1")
        parser.add_argument(
            "--definition", metavar="FILE", help="job definition of the jobs, or of the workflow steps that name it"
        )

        parser.add_argument(
            "--default-size",
            metavar="VCPU,MIB",
            help="size of definitions that set no vCPU or memory, such as 1,2048; teams of the portal can have one",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        kind = DocumentKind(options["kind"]) if options["kind"] else None
        size = _parse_size(options["default_size"])
        definition = _read_definition(options["definition"], size) if options["definition"] else None
        code = EXIT_VALID
        for name in options["files"]:
            report = _validate_file(name, kind, definition, size, options["document"])
            self.stdout.write(json.dumps(report.output, ensure_ascii=False))
            code = max(code, report.exit_code)
        if code:
            sys.exit(code)


def _parse_size(text: str | None) -> DefaultSize | None:
    try:
        return DefaultSize.parse(text) if text else None
    except ValueError as error:
        raise CommandError(f"--default-size: {error}", returncode=EXIT_UNREADABLE) from error


def _with_default_size(result: ParseResult, size: DefaultSize | None) -> ParseResult:
    if size is None or result.kind is not DocumentKind.DEFINITION:
        return result
    document, changes = apply_default_size(result.document, size, "--default-size")
    return replace(result, document=document, changes=(*result.changes, *changes))


def _read_definition(name: str, size: DefaultSize | None) -> Document:
    try:
        result = _with_default_size(parse(_read_content(name), DocumentKind.DEFINITION), size)
    except (DocumentParseError, OSError) as error:
        raise CommandError(f"{name}: {_error_text(error)}", returncode=EXIT_UNREADABLE) from error
    return result.document


def _validate_file(
    name: str, kind: DocumentKind | None, definition: Document | None, size: DefaultSize | None, number: int | None
) -> ValidationReport:
    try:
        result = _with_default_size(parse(_read_content(name), kind, number), size)
    except (DocumentParseError, OSError) as error:
        problem = Problem("", _error_text(error), rule=NO_DOCUMENT)
        return ValidationReport(EXIT_UNREADABLE, _report_json(name, None, [problem], None))
    definitions = _definitions_by_name(result, definition)
    problems = validate.validate_document(result.kind, result.document, definitions)
    problems = validate.sort_by_position(result.document, [*result.problems, *problems])
    code = EXIT_ERRORS if has_errors(problems) else EXIT_VALID
    return ValidationReport(code, _report_json(name, result, problems, _effective_views(result, definitions)))


def _read_content(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read(MAX_TEXT_BYTES + 1)
    with Path(name).open("rb") as file:
        return file.read(MAX_TEXT_BYTES + 1)


def _error_text(error: DocumentParseError | OSError) -> str:
    if isinstance(error, SeveralDocumentsError):
        return f"{error.message} Add --document 1 for the first."
    if isinstance(error, DocumentParseError):
        return error.message
    return f"Can't read the file: {error.strerror or error}."


def _definitions_by_name(result: ParseResult, definition: Document | None) -> dict[str, Document]:
    if definition is None:
        return {}
    if result.kind is DocumentKind.SUBMISSION:
        return {text_at(result.document, "jobDefinition"): definition}
    names = {text_at(step, "jobDefinition") for step in list_at(result.document, "jobs")}
    own = text_at(definition, "jobDefinitionName")
    return {name: definition for name in names if name.rpartition("/")[2].partition(":")[0] == own}


def _effective_views(result: ParseResult, definitions: Mapping[str, Document]) -> Any:
    if result.kind is DocumentKind.DEFINITION:
        return effective.effective_job(result.document).as_json()
    steps = list_at(result.document, "jobs") if result.kind is DocumentKind.WORKFLOW else [result.document]
    views = []
    for step in steps:
        definition = definitions.get(text_at(step, "jobDefinition")) if is_object(step) else None
        views.append(None if definition is None else effective.effective_job(definition, step).as_json())
    return views if result.kind is DocumentKind.WORKFLOW else views[0]


def _report_json(name: str, result: ParseResult | None, problems: list[Problem], view: Any) -> dict[str, Any]:
    return {
        "file": name,
        "kind": result.kind.value if result else None,
        "changes": [change.as_json() for change in (result.changes if result else ())],
        "problems": [problem.as_json() for problem in problems],
        "document": result.document if result else None,
        "effective": view,
    }
