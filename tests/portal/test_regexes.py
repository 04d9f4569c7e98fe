"""Regexes that check a text check all of it: `$` matches before a line end, and match() looks at the beginning alone.

A regex that checks is used with fullmatch(), or ends with \\Z where something else calls it. What only finds a piece
of a text, and decides nothing by it, is listed with what it is for.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from jobs.models import Account, RoleGrant, TagRule

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path for root in ("jobs", "portal") for path in (ROOT / root).rglob("*.py") if "migrations" not in path.parts
)
PARTIAL = {
    "jobs/logs/search.py:is_error_line": "finds a word anywhere in a line of a log",
    "jobs/logs/search.py:positions": "finds a word anywhere in a line of a log",
    "jobs/logs/search.py:visible_lines": "sees whether a control character is anywhere",
    "jobs/management/commands/events.py:queue_address": "takes the region out of the operator's own URL",
    "jobs/models/grant.py:one_star_at_the_end": "refuses what has a blank anywhere",
    "jobs/policy/images.py:image_matches": "refuses what has an unusual character anywhere",
    "jobs/policy/tags.py:rule_problems": "sees whether a sign of a regular expression is anywhere",
    "jobs/pricing/price_lists.py:_add_fargate": "sees how the name of a usage type ends",
    "jobs/sandbox/signature.py:parse_scope": "takes the credential out of a header",
    "jobs/search/completion.py:_fragment": "goes through a text token by token",
    "jobs/search/parser.py:_skip": "goes through a text token by token",
    "jobs/search/parser.py:_term": "goes through a text token by token",
    "jobs/search/parser.py:_value": "goes through a text token by token",
    "jobs/spec/parsing/cli_command.py:_options": "sees where an option begins",
    "jobs/spec/parsing/cli_command.py:_parse_pairs": "goes through a text token by token",
    "jobs/spec/parsing/cli_command.py:_parse_value": "goes through a text token by token",
    "jobs/spec/parsing/json_error_messages.py:explain_json_error": "guesses what was pasted instead of JSON",
    "jobs/spec/parsing/json_error_messages.py:_grammar_hint": "takes a word to be named in a message",
    "jobs/spec/forms/schema_fields.py:_one_line": "refuses what has a line end anywhere",
    "jobs/spec/parsing/parser.py:_decode": "refuses what has half of a surrogate pair anywhere",
    "jobs/spec/parsing/hcl_process.py:_string": "sees whether a string has an expression anywhere",
    "jobs/spec/parsing/shell.py:_blank_heredocs": "finds where a heredoc ends and what it writes",
    "jobs/spec/parsing/shell.py:_read_expansion": "goes through a text token by token",
    "jobs/spec/parsing/shell.py:_read_printed_file": "finds what a line writes",
    "jobs/spec/parsing/unresolved_values.py:has_marks": "refuses what has a private character anywhere",
    "jobs/spec/parsing/unresolved_values.py:restore": "sees whether a text has a private character anywhere",
    "jobs/spec/parsing/yaml_text.py:looks_like_yaml": "guesses by the first line whether a text is YAML",
    "jobs/spec/rules/command.py:_shell_syntax": "finds a variable anywhere",
    "jobs/spec/rules/command.py:_shell_word": "finds a variable or a character to escape anywhere",
    "jobs/spec/rules/images.py:_explain": "finds a placeholder or a blank anywhere",
    "jobs/spec/redaction.py:_redact_list": "masks more than it would otherwise",
    "jobs/spec/redaction.py:_spans_of_names": "masks what it finds anywhere",
    "jobs/spec/redaction.py:_secret_spans": "masks what it finds anywhere",
    "jobs/spec/template_parameters.py:_choice_problems": "refuses what has a parameter anywhere",
    "jobs/spec/template_parameters.py:_default_problems": "refuses what has a parameter anywhere",
    "jobs/spec/template_parameters.py:iter_references": "finds a parameter anywhere",
    "jobs/spec/template_parameters.py:has_control_character": "refuses what has a control character anywhere",
    "jobs/spec/sweep.py:_check_values": "refuses what has a control character anywhere",
}
# JSON Schema has no \\Z; the portal applies its patterns with fullmatch()
FOR_BROWSERS_TOO = {"jobs/spec/schema/botocore_schema.py"}


def partial_uses(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Functions, and lines, that call match() or search() of a regex. Other methods of these names are left out."""
    if not any(isinstance(node, ast.Import) and any(name.name == "re" for name in node.names) for node in tree.body):
        return
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                called = node.func if isinstance(node, ast.Call) else None
                if isinstance(called, ast.Attribute) and called.attr in ("match", "search"):
                    yield function.name, called.lineno


@pytest.mark.long
def test_regexes_that_check_are_used_with_fullmatch():
    uses = {
        f"{path.relative_to(ROOT)}:{function}": line
        for path in MODULES
        for function, line in partial_uses(ast.parse(path.read_text()))
    }

    assert uses.keys() == PARTIAL.keys()


@pytest.mark.long
def test_no_regex_ends_with_a_dollar():
    ends = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in MODULES
        if str(path.relative_to(ROOT)) not in FOR_BROWSERS_TOO
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.match(r"\^|\\A", node.value) and node.value.endswith("$")
    ]

    assert ends == []


def regex_arguments() -> Iterator[tuple[str, str]]:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in (
                "RegexValidator",
                "RegexField",
                "re_path",
            ):
                first = node.args[0]
                assert isinstance(first, ast.Constant), f"{path}:{node.lineno}: write the regex where it is used"
                yield f"{path.relative_to(ROOT)}:{node.lineno}", str(first.value)


@pytest.mark.long
def test_the_regexes_of_validators_and_urls_are_anchored_at_both_ends():
    regexes = {where: regex for where, regex in regex_arguments() if regex}  # that of all other URLs is empty

    assert len(regexes) >= 6
    assert {where: regex for where, regex in regexes.items() if not re.fullmatch(r"\^.*\\Z", regex)} == {}


@pytest.mark.parametrize(
    ("model", "name", "value"),
    [
        (Account, "region", "us-west-2"),
        (Account, "number", "123456789012"),
        (Account, "role_arn", "arn:aws:iam::123456789012:role/batch-portal"),
        (RoleGrant, "pattern", "arn:aws:iam::123456789012:role/team-*"),
        (TagRule, "key", "Project"),
    ],
)
def test_a_line_end_does_not_pass_the_validators_of_a_field(model: type[Account], name: str, value: str):
    validators = [each for each in model._meta.get_field(name).validators if isinstance(each, RegexValidator)]

    for validator in validators:
        validator(value)
        with pytest.raises(ValidationError):
            validator(f"{value}\n")
    assert validators
