"""The table of rights as people read it is the one that is applied."""

import pytest
from django.utils.text import capfirst

from jobs import access
from scripts import write_access_doc
from tests.matrix.world import World, text


def test_the_page_of_the_documentation_is_what_the_code_says():
    assert write_access_doc.PAGE.read_text() == write_access_doc.page(), "Run python -m scripts.write_access_doc"


def test_the_table_has_a_row_for_every_act_and_words_for_it():
    assert (
        [right.permission for right in access.permission_rules()]
        == list(access.ROLES_BY_PERMISSION)
        == list(access.PERMISSION_LABELS)
    )


def test_staff_look_and_approve_and_everyone_only_looks_in_a_team_that_is_switched_off():
    assert {right.permission for right in access.permission_rules() if right.allowed[-1]} == access.STAFF_PERMISSIONS
    assert {
        right.permission for right in access.permission_rules(active=False) if any(right.allowed)
    } == access.READ_PERMISSIONS


@pytest.mark.parametrize("who", ["stranger", "viewer", "admin"])
def test_everyone_who_is_signed_in_can_read_the_table(world: World, who: str):
    said = text(world.ask(who, "GET", "/rights/"))

    assert all(capfirst(right.label) in said for right in access.permission_rules())
    assert 'href="/rights/"' in said
