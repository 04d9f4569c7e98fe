"""Secrets are hidden at any depth, and before anything is cut."""

import json

import pytest

from jobs.audit.redact import MAX_ENTRIES, MAX_TEXT_LENGTH, redact_for_audit
from jobs.spec.redaction import MASK

SECRET = "wombat-9-secret-canary"


@pytest.mark.parametrize(
    "value",
    [
        {"password": SECRET},
        {"one": [{"two": {"dbPassword": SECRET}}]},
        {"token": [SECRET, SECRET]},
        {"credentials": {"user": "x", "key": SECRET}},
        {"containerOverrides": {"environment": [{"name": "HARMLESS", "value": SECRET}]}},
        {"containers": [{"env": [{"name": "HARMLESS", "value": SECRET}]}]},
        {"env": {"HARMLESS": SECRET}},
        {"anything": [{"name": "API_KEY", "value": SECRET}]},
        {"command": ["run", "--password", SECRET]},
        {"command": ["run", f"--api-key={SECRET}"]},
        {"command": ["sh", "-c", f"export DB_TOKEN='{SECRET}'; run"]},
        {"text": json.dumps({"jobs": [{"environment": [{"name": "A", "value": SECRET}]}]})},
        {"address": f"postgres://user:{SECRET}@db.example.org/x"},
        {"note": "bpt_" + SECRET},
        {f"password={SECRET}": 1},
        {"options": {"splunk-token": SECRET}},
    ],
    ids=lambda value: json.dumps(value)[:40],
)
def test_a_secret_is_not_kept(value):
    assert SECRET not in json.dumps(redact_for_audit(value))


def test_what_is_no_secret_stays():
    value = {
        "name": "nightly",
        "secrets": [{"name": "DB", "valueFrom": "arn:aws:secretsmanager:us-west-2:123456789012:secret:db"}],
        "features": ["secrets", "registry_credentials"],
        "may_submit": True,
        "command": ["python", "train.py", "--epochs", "3"],
        "tags": {"CostCenter": "CC-1"},
        "password": "",
    }
    assert redact_for_audit(value) == value


def test_a_secret_is_found_before_the_text_is_cut():
    text = "x" * (MAX_TEXT_LENGTH - 12) + " password=" + SECRET

    assert SECRET[:6] not in redact_for_audit(text)
    assert redact_for_audit("password=" + SECRET) == f"password={MASK}"


def test_what_is_too_long_is_cut_with_a_word():
    assert redact_for_audit("x" * 5000) == "x" * MAX_TEXT_LENGTH + "… (5000 characters)"
    assert redact_for_audit(list(range(500)))[-1] == f"… and {500 - MAX_ENTRIES} more"
    assert redact_for_audit({str(number): 1 for number in range(500)})["…"] == f"and {500 - MAX_ENTRIES} more"


def test_something_very_deep_is_no_trouble():
    value: object = SECRET
    for _ in range(300):
        value = [value]

    assert SECRET not in json.dumps(redact_for_audit(value))
