"""Names that others rely on, compared with the lists of `docs/compatibility.md`: none goes by accident."""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.utils.module_loading import import_string
from django.utils.text import camel_case_to_spaces

from jobs import tasks
from jobs.actions.new_jobs import batch_job_name
from jobs.api.urls import api
from jobs.audit import AUDIT_ACTIONS, Channel
from jobs.dispatch.submit_request import portal_tags
from jobs.models import AuditEntry, Feature
from jobs.spec.rules import validate
from jobs.spec.rules.registry import REGISTRY
from jobs.spec.rules.reserved_names import JOB_ID_VARIABLE, PORTAL_VARIABLES
from jobs.states import STATUSES, State
from tests.matrix.routes import all_routes

ROOT = Path(__file__).resolve().parents[2]
RULES_COME_FROM = validate
"""Importing it imports every module that has rules."""
LISTS = Path(__file__).parent / "compatibility"
PAGE = ROOT / "docs" / "compatibility.md"
PARAMETER = re.compile(r"{\w+}")


def read_list(name: str) -> set[str]:
    lines = (LISTS / f"{name}.txt").read_text().splitlines()
    return {line for line in lines if line and not line.startswith("# ")}


# -- What the code has


@cache
def source(folder: str) -> str:
    """All Python of a folder, without migrations and the sandbox, which is no part of the portal."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    return "\n".join(path.read_text() for path in paths if not {"migrations", "sandbox"} & set(path.parts))


def aws_names() -> set[str]:
    """Tags and variables that the portal gives a job, and what its policies allow."""
    submission = SimpleNamespace(
        text_id="", person=SimpleNamespace(public_id=UUID(int=0)), key_digest="a", body_digest="b"
    )
    job: Any = SimpleNamespace(text_id="", team=SimpleNamespace(slug=""), submission=submission)
    tags = {f"tag {name}" for name in portal_tags(job)}
    actions = re.findall(r'"((?:batch|logs|iam|sts|sqs|ecs):[A-Z]\w+)"', source("jobs"))
    policies = {f"policy {name}" for name in actions}
    return tags | policies | {f"variable {name}" for name in {JOB_ID_VARIABLE, *PORTAL_VARIABLES}}


def script_options() -> set[str]:
    """Options, exit codes and variables of the scripts that teams have copied."""
    shared = (ROOT / "jobs" / "cli" / "common.sh").read_text()
    names = set()
    for path in (ROOT / "jobs" / "cli").glob("*.sh"):
        if path.name == "common.sh":
            continue
        text = shared + path.read_text()
        names |= {
            f"{path.name} {option}" for option in re.findall(r"(?<=[ |])(-{1,2}[a-z][a-z-]*)(?= \||=\*\)|\))", text)
        }
        codes = re.findall(r"\b(?:exit|fail|interrupted) (\d+)", text)
        names |= {f"{path.name} exits with {code}" for code in codes}
        names |= {f"{path.name} reads {name}" for name in re.findall(r"\$\{(BATCH_\w+)", text)}
    return names


def command_options() -> set[str]:
    """`manage.py` commands of the portal with their options, and what `portal.quickstart` takes."""
    names = set()
    for name, app in get_commands().items():
        if app not in ("jobs", "portal"):
            continue
        command = load_command_class(str(app), name)
        usual = {action.dest for action in BaseCommand().create_parser("manage.py", name)._actions}
        names.add(name)
        for action in command.create_parser("manage.py", name)._actions:
            if action.dest not in usual:
                names |= {
                    f"{name} {option}" for option in action.option_strings or [str(action.metavar or action.dest)]
                }
    return names


def make_targets() -> set[str]:
    text = (ROOT / "Makefile").read_text()
    (targets,) = re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    variables = re.findall(r"^(\w+) \?=", text, re.MULTILINE)
    return {*targets.split(), *(f"{name}=" for name in variables)}


def urls() -> set[str]:
    """Every address, with the kind of each parameter; parameters' names and routes' names are the code's own."""
    return {"/" + re.sub(r"<(?:(\w+):)?\w+>", r"<\1>", route.pattern) for route in all_routes()}


def api_fields() -> set[str]:
    """Operations with their parameters, answers and fields; schemas' names and operation ids are not promised."""
    document: Any = api.get_openapi_schema()
    names = set(_text_lines()) | {f"state {name}" for name in STATUSES}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            here = f"{method.upper()} {PARAMETER.sub('{}', path)}"
            names.add(here)
            for parameter in operation["parameters"]:
                if parameter["in"] != "path":
                    needed = " (required)" if parameter["required"] else ""
                    names.add(f"{here} {parameter['in']} {parameter['name']}{needed}")
            for status, answer in operation["responses"].items():
                names.add(f"{here} {status}")
                schema = answer["content"]["application/json"]["schema"]
                if str(status) < "300":
                    names |= {f"{here} {status} {field}" for field in _fields(schema, document)}
    problem = document["components"]["schemas"]["ProblemDetailsOut"]
    return names | {f"problem {field}" for field in _fields(problem, document)}


def _fields(schema: dict[str, Any], document: dict[str, Any]) -> set[str]:
    """Each field of a schema as its path and its types."""
    types: dict[str, set[str]] = {}
    for path, kind in _leaf_schemas(schema, document, ""):
        types.setdefault(path, set()).add(kind)
    return {f"{path}: {' or '.join(sorted(kinds))}" for path, kinds in types.items()}


def _leaf_schemas(schema: dict[str, Any], document: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for variant in schema.get("anyOf", ()):
        yield from _leaf_schemas(variant, document, path)
    if "items" in schema:
        yield from _leaf_schemas(schema["items"], document, f"{path}[]")
    elif "properties" in schema:
        for name, inner in schema["properties"].items():
            yield from _leaf_schemas(inner, document, f"{path}.{name}".lstrip("."))
    elif "type" in schema:
        yield path, schema["type"]


def _text_lines() -> Iterator[str]:
    """Lines of an answer in plain text: the first word, and how many fields follow."""
    for path in (ROOT / "jobs" / "api").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Tuple(elts=[ast.Constant(value=str(word)), *fields]) if any(
                    not isinstance(field, ast.Constant) for field in fields
                ):
                    yield f"line {word} {len(fields)}"


def environment() -> set[str]:
    """Variables that the settings and the quick start read: the first argument of a reader."""
    names = set()
    for path in (ROOT / "portal" / "settings.py", *(ROOT / "portal" / "quickstart").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id=owner), attr=method),
                    args=[ast.Constant(value=str(name)), *_],
                ) if (owner == "env" or method == "get") and re.fullmatch(r"[A-Z][A-Z0-9_]+", name):
                    names.add(name)
    return names - {"MAKELEVEL"}  # make's own


def queue_contents() -> set[str]:
    """What stands in Redis: names of queues, and tasks by dotted name and number of arguments, former ones too."""
    names = {name for name, _ in inspect.getmembers(tasks, inspect.isfunction) if not name.startswith("_")}
    current = {f"{tasks.__name__}.{name}" for name in names if getattr(tasks, name).__module__ == tasks.__name__}
    former = {path for path in (_task_path(line) for line in read_list("queued")) if path and _is_there(path)}
    lines = {f"task {path}/{len(inspect.signature(import_string(path)).parameters)}" for path in current | former}
    return lines | {f"queue {name}" for name in settings.RQ_QUEUES}


def _task_path(line: str) -> str:
    return line.removeprefix("task ").partition("/")[0] if line.startswith("task ") else ""


def _is_there(path: str) -> bool:
    with suppress(ImportError):
        import_string(path)
        return True
    return False


def stored_values() -> set[str]:
    """Values that stand in rows: choices, what people did by which door and to what, and features."""
    names = {f"jobs_auditentry.action {act}" for act in AUDIT_ACTIONS} | {
        f"jobs_auditentry.channel {door}" for door in Channel
    }
    names |= {f"jobs_job.state {state}" for state in State} | {f"jobs_team.features {name}" for name in Feature}
    for model in apps.get_app_config("jobs").get_models():
        for field in model._meta.concrete_fields:
            names |= {f"{model._meta.db_table}.{field.column} {value}" for value, _ in field.choices or () if value}
        if admin.site.is_registered(model) or any(field.name == "public_id" for field in model._meta.fields):
            names.add(f"jobs_auditentry.noun {camel_case_to_spaces(model.__name__)}")
    return names


def rules() -> set[str]:
    """What answers and stored approvals call a rule."""
    own = re.findall(r'"((?:policy|portal|approval|form)\.[a-z-]+)"', source("jobs"))
    return {*own, *REGISTRY}


def browser_storage() -> set[str]:
    """Keys in the storage of people's browsers, and cookies that scripts set."""
    names = set()
    for folder in ("js", "src/builder"):
        for path in (ROOT / "static" / folder).glob("*.js"):
            text = path.read_text()
            names |= set(re.findall(r"\b((?:local|session)Storage\.\w+Item\([\"'`][\w-]+)", text))
            names |= {f"cookie {name}" for name in re.findall(r"document\.cookie = [\"'`](\w+)=", text)}
    return {re.sub(r"\.\w+Item\([\"'`]", " ", name) for name in names}


def state_files() -> set[str]:
    """Files and folders of `.portal` that the code still names; a new one does not have to be listed."""
    return {
        name
        for name in read_list("state")
        if re.search(f"['\"/]{re.escape(name)}['\"]", source("portal") + source("jobs/management"))
    }


STAYS = "It lives outside of the checkout. Keep it, or serve the old beside the new, and leave its line where it is."
READER = (
    "It is stored where an update finds it. Add what reads the old one (a second name, or a migration) before the "
    "line may go."
)
NAMES: dict[str, tuple[Callable[[], set[str]], str]] = {
    "api": (api_fields, STAYS),
    "aws": (aws_names, STAYS),
    "browser": (browser_storage, READER),
    "commands": (command_options, STAYS),
    "environment": (environment, STAYS),
    "make": (make_targets, STAYS),
    "queued": (queue_contents, READER),
    "rules": (rules, STAYS),
    "scripts": (script_options, STAYS),
    "state": (state_files, READER),
    "stored-values": (stored_values, READER),
    "urls": (urls, STAYS),
}


@pytest.mark.parametrize("name", NAMES)
def test_no_name_that_others_rely_on_goes_or_comes_unlisted(name: str) -> None:
    read, rule = NAMES[name]
    there, known = read(), read_list(name)
    place = f"tests/portal/compatibility/{name}.txt"

    assert sorted(known - there) == [], f"Gone or changed. {rule} See docs/compatibility.md; the list is {place}."
    assert sorted(there - known) == [], (
        f"New: add a line to {place}, after thinking about whether it may stay for good."
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_list_is_sorted_so_that_a_change_of_it_is_one_line(name: str) -> None:
    lines = [line for line in (LISTS / f"{name}.txt").read_text().splitlines() if not line.startswith("# ")]

    assert lines == sorted(set(lines))


def test_every_list_is_on_the_page_about_compatibility() -> None:
    lists = {path.name for path in LISTS.glob("*.txt")}

    assert set(re.findall(r"`([\w-]+\.txt)`", PAGE.read_text())) == lists


def test_every_setting_is_in_the_documentation() -> None:
    text = (ROOT / "docs" / "operations.md").read_text() + (ROOT / "README.md").read_text()

    standard = {"AWS_DEFAULT_REGION", "AWS_REGION", "NO_PROXY"}
    assert (
        sorted(name for name in environment() - standard if f"`{name}`" not in text and f"{name}=" not in text) == []
    )


def test_the_seal_of_an_audit_entry_is_computed_as_ever() -> None:
    """Entries of every former version are verified by this one."""
    entry = AuditEntry(
        team=None,
        number=7,
        created_at=datetime(2026, 11, 29, 8, 30, 15, 123456, tzinfo=UTC),
        person=UUID("01950000-0000-7000-8000-000000000001"),
        channel="web",
        address="192.0.2.1",
        action="sign in",
        noun="user",
        object_id="abc",
        label="Ünal",
        before="",
        after='{"a":1}',
        previous="0" * 64,
    )

    assert entry.compute_digest() == "9456290a7de39a4ffc321bf867c7a2755b7bf4a4f3c3907eb576a0dcef049276"


def test_a_job_is_called_in_aws_as_ever() -> None:
    public_id = UUID("01950000-0000-7000-8000-000000000001")

    assert batch_job_name("train", public_id) == "train-06ag000001o010000000000004"
