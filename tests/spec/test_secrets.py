"""Likely secrets in the environment of a document."""

import pytest

from jobs.spec.documents import DocumentKind
from jobs.spec.patch import apply_patch
from jobs.spec.rules import validate
from tests.spec.rule_documents import override, variable
from tests.spec.samples import definition

SECRETS = {
    "AWS_KEY": "AKIAIOSFODNN7EXAMPLE",
    "PEM": "-----BEGIN RSA PRIVATE KEY-----\nMIIabc",
    "DATABASE_URL": "postgres://user:hunter2hunter2@db.example/x",
    "OPTIONS": "user=me PASSWORD=hunter2hunter2",
    "DB_PASSWORD": "hunter2hunter2",
    "HF_TOKEN": "hunter2hunter2",
    "API_KEY": "hunter2hunter2",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
}
NO_SECRETS = {
    "TOKENIZERS_PARALLELISM": "false", "MAX_TOKENS": "4096000", "DB_PASSWORD_FILE": "/run/secret",
    "USE_TOKEN": "true",
    "SECRET": "arn:aws:secretsmanager:us-west-2:123456789012:secret:x", "PASSWORD": "", "SORT_KEY": "created",
    "TOKEN": "${TOKEN}", "PASSWORD_HINT": "none", "URL": "https://example.org/a:b",
}  # fmt: skip


@pytest.mark.parametrize("name", SECRETS)
def test_a_likely_secret_is_told_without_being_repeated_and_can_become_a_reference(name: str) -> None:
    document = definition(variable(name, SECRETS[name]))
    [problem] = validate.validate_document(DocumentKind.DEFINITION, document)
    assert problem.rule == "secrets.in-environment"
    assert not any(part in repr(problem) for part in (SECRETS[name], "hunter2", "IOSFODNN7"))
    fixed = apply_patch(document, problem.fix)["containerProperties"]
    assert (fixed["environment"], fixed["secrets"]) == ([], [{"name": name, "valueFrom": f"/greet/{name}"}])
    over = validate.validate_document(DocumentKind.SUBMISSION, override(variable(name, SECRETS[name])))
    assert [(problem.rule, problem.pointer, problem.fix) for problem in over] == [
        ("secrets.in-environment", "/containerOverrides/environment/0", ())
    ]


@pytest.mark.parametrize("name", NO_SECRETS)
def test_what_only_resembles_a_secret_is_nothing_to_speak_of(name: str) -> None:
    assert validate.validate_document(DocumentKind.DEFINITION, definition(variable(name, NO_SECRETS[name]))) == []


@pytest.mark.long
def test_a_long_value_costs_no_time() -> None:
    for piece in ("a", "a:", "pass", "://", "-----BEGIN ", "A "):
        validate.validate_document(
            DocumentKind.DEFINITION, definition(variable("X", piece * (500_000 // len(piece))))
        )
