"""docs/rules.md links the documentation that its sources name."""

import json
import re
from urllib.parse import urlsplit

import pytest
from botocore.session import get_session

from jobs.spec.rules.registry import REGISTRY
from scripts import source_links, write_rules_doc

RULES = write_rules_doc.page()
LINKS = re.findall(r"\[([^\]]+)\]\(([^)\s]*)\)", RULES)
DOCUMENTED = re.compile(r"API reference|User Guide|botocore's service model|https://")


def test_every_link_is_well_formed() -> None:
    assert len(LINKS) == RULES.count("](") > 100
    for text, address in LINKS:
        parts = urlsplit(address)
        assert parts.scheme == "https", address
        assert re.fullmatch(r"[a-z0-9.-]+\.[a-z]+", parts.netloc), address
        assert re.fullmatch(r"[\w.~/%-]*", parts.path), address
        assert "[" not in text, text


def test_no_address_stands_outside_of_a_link() -> None:
    assert re.findall(r"(?<!\()https?://\S+", RULES) == []


@pytest.mark.parametrize(("folder", "service"), [("batch/latest", "batch"), ("AmazonECS/latest", "ecs")])
def test_links_to_an_api_reference_name_what_the_service_has(folder: str, service: str) -> None:
    model = get_session().get_service_model(service)
    prefix = f"https://docs.aws.amazon.com/{folder}/APIReference/API_"
    names = {address.removeprefix(prefix)[:-5] for _, address in LINKS if address.startswith(prefix)}

    assert names
    assert names <= {*model.shape_names, *model.operation_names}


def test_every_rule_from_documentation_links_it() -> None:
    documented = [rule.id for rule in REGISTRY.values() if DOCUMENTED.search(rule.source)]

    assert [rule for rule in documented if "](" not in _line(rule)] == []


def test_a_rule_links_the_reports_that_rows_of_answers_give() -> None:
    rows = [row for file in source_links.ANSWERS.glob("*.json") for row in json.loads(file.read_text())]
    reports = [
        (row["rule"], address)
        for row in rows
        if isinstance(row, dict) and "rule" in row
        for address in re.findall(r"https://github\.com/[\w./-]+/issues/\d+", row["source"])
    ]

    assert reports
    assert [address for rule, address in reports if f"]({address})" not in _line(rule)] == []


def test_a_title_that_the_user_guide_does_not_have_is_an_error() -> None:
    with pytest.raises(KeyError):
        source_links.with_links("“Job poetry”, AWS Batch User Guide.")


def _line(rule: str) -> str:
    return next(line for line in RULES.splitlines() if line.startswith(f"| `{rule}` |"))
