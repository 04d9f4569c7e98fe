"""Which revisions run, and which accounts are a team's: every place that asks gets the same answer."""

import json
from itertools import product

import pytest
from django.utils.timezone import now

from jobs.actions.resolution import resolve, resolve_definition
from jobs.api.errors import ApiProblemError
from jobs.api.parsing import find_account
from jobs.models import Account, Definition, Queue, Registration, Revision
from jobs.models.database_generation import DatabaseGeneration, unknown_keys_window
from jobs.reports import options
from jobs.spec.documents import DocumentKind
from jobs.spec.parsing.parser import parse
from jobs.web.builder import examples
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.mark.parametrize(
    ("registration", "active", "is_archived"), [*product(Registration.values, [True, False], [False, True])]
)
def test_forms_examples_and_validation_agree_on_what_runs(registration: str, active: bool, is_archived: bool) -> None:
    queue = make.queue(teams=(team := make.team(),))
    revision = make.revision(
        of=team,
        where=queue.account,
        registration=registration,
        active=active,
        number=None if registration == Registration.ACCEPTED else 1,
    )
    Definition.objects.update(archived_at=now() if is_archived else None)
    revision = Revision.objects.select_related("definition").get(pk=revision.pk)
    document = {"jobName": "a", "jobQueue": queue.name, "jobDefinition": "hello"}
    example = json.loads(examples.example_text(DocumentKind.SUBMISSION, team))

    answers = {
        "property": revision.is_runnable,
        "revisions": Revision.objects.runnable().exists(),
        "definitions": Definition.objects.runnable().exists(),
        "choice of definitions": bool(options.definition_choices(team)),
        "choice of revisions": bool(options.runnable_revisions(team, "hello")),
        "example": example["jobDefinition"] == "hello",
        "validation": not resolve(document, DocumentKind.SUBMISSION, team, None, [queue]).problems,
    }
    assert set(answers.values()) == {registration == Registration.REGISTERED and active and not is_archived}, answers


@pytest.mark.parametrize(("active", "is_granted"), [*product([True, False], [True, False])])
def test_api_forms_validation_and_recovery_agree_on_the_accounts_of_a_team(active: bool, is_granted: bool) -> None:
    member = make.member()
    account, other = make.account(active=active), make.team("other")
    for _ in range(2):
        make.queue(of=account, teams=(member.team if is_granted else other,))
    DatabaseGeneration.objects.create(current="x", rotated_at=now(), recovering_since=now())
    text = json.dumps(make.document())

    def is_found_by_api() -> bool:
        try:
            return find_account(member, account.region, parse(text)) == account
        except ApiProblemError:
            return False

    answers = {
        "accounts": list(Account.objects.usable_by(member.team)) == [account],
        "queues": Queue.objects.granted_to(member.team).exists(),
        "api": is_found_by_api(),
        "form": options.usable_accounts(member.team) == [account],
        "validation": resolve_definition(make.document(), member.team, None).account == account,
        "recovery": unknown_keys_window(member.team) is not None,
    }
    assert set(answers.values()) == {active and is_granted}, answers
