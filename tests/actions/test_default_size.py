"""A definition without vCPU or memory gets the default size of its team or of the portal, and it is said by whom."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.conf import LazySettings

from jobs import actions
from jobs.access import Member
from jobs.actions import ValidationFailedError
from jobs.models import Definition
from jobs.spec.rules.required_size import DefaultSize
from jobs.web.jobs.effective_view import result_sections
from tests import make

pytestmark = pytest.mark.django_db
DEFINITION: dict[str, Any] = {
    "jobDefinitionName": "s3-data-processor",
    "type": "container",
    "containerProperties": {"image": "data-processor:latest"},
}
REQUIREMENTS = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]


def research(**fields: Any) -> Member:
    member = make.member(make.team("research", name="Research", **fields))
    make.queue("cpu", teams=(member.team,))
    return member


def test_the_size_of_the_team_is_filled_in_registered_and_told() -> None:
    member = research(default_vcpus=Decimal(1), default_memory_mib=2048)
    registered = actions.register(json.dumps(DEFINITION), member)

    assert registered.revision.document["containerProperties"]["resourceRequirements"] == REQUIREMENTS
    assert registered.result is not None
    assert [(change.message, change.rule_owner) for change in registered.result.parse_result.changes] == [
        ("vCPU was set to 1 by Research", "team"),
        ("Memory was set to 2 GiB by Research", "team"),
    ]
    again = actions.register(json.dumps(DEFINITION), member)
    assert again.is_reused


def test_the_size_of_the_portal_counts_for_a_team_without_one(settings: LazySettings) -> None:
    settings.DEFAULT_SIZE = DefaultSize.parse("2,4096")
    result = actions.validate(json.dumps(DEFINITION), research())
    own = actions.validate(
        json.dumps(DEFINITION), make.member(make.team("own", default_vcpus=Decimal(1), default_memory_mib=512))
    )

    assert result.is_valid
    assert [change.message for change in result.parse_result.changes] == [
        "vCPU was set to 2 by the portal",
        "Memory was set to 4 GiB by the portal",
    ]
    assert own.parse_result.changes[1].message == "Memory was set to 512 MiB by Own"


def test_without_a_default_size_it_is_refused_with_a_fix_and_nothing_is_stored() -> None:
    with pytest.raises(ValidationFailedError) as raised:
        actions.register(json.dumps(DEFINITION), research(default_vcpus=Decimal(1)))

    [problem] = raised.value.verdict.errors
    assert (problem.rule, problem.pointer) == ("definition.no-size", "/containerProperties")
    assert problem.fix
    assert not Definition.objects.exists()


def test_the_effective_job_names_the_team_as_the_source() -> None:
    member = research(default_vcpus=Decimal(1), default_memory_mib=2048)
    document = {**DEFINITION, "containerProperties": {"image": "data-processor", "memory": 512}}
    sections = result_sections(actions.validate(json.dumps(document), member))
    sources = {row.label: row.badge for section in sections for row in section.rows}

    assert sources["vCPU"] == "team rule"
    assert sources["Memory"] == "definition"


def test_a_change_of_the_default_is_seen_under_the_lock() -> None:
    member = research(default_vcpus=Decimal(1), default_memory_mib=2048)
    type(member.team).objects.filter(pk=member.team.pk).update(default_vcpus=Decimal(4))
    registered = actions.register(json.dumps(DEFINITION), member)

    assert registered.revision.document["containerProperties"]["resourceRequirements"][0]["value"] == "4"
