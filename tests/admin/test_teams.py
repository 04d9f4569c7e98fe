"""A team on one page of the admin: who is in it, and what it was given."""

import html

import pytest
from django.urls import reverse

from jobs.models import AuditEntry, Budget, ImageGrant, Membership, Queue, QueueGrant, RoleGrant, TagRule, Team, User
from jobs.models.team import UNASSIGNED_SLUG
from jobs.policy.grants import QueueLimits, TeamGrants
from jobs.policy.tags import TagRequirement
from jobs.spec.rules.required_size import DefaultSize
from tests import make

pytestmark = pytest.mark.django_db
INLINES = ("memberships", "queue_grants", "role_grants", "image_grants", "tag_rules", "budgets")


@pytest.fixture
def admin(client):
    client.force_login(make.admin())
    return client


def page_of(thing):
    return reverse(f"admin:jobs_{thing._meta.model_name}_change", args=[thing.pk])


def form_of(team, saved=(), **fields):
    """The team's page, filled in; rows of the inlines by name and number. `saved` inlines have a row already."""
    counts = {}
    for inline in INLINES:
        rows = {key.split("-")[1] for key in fields if key.startswith(f"{inline}-")}
        counts[f"{inline}-TOTAL_FORMS"] = len(rows)
        counts[f"{inline}-INITIAL_FORMS"] = int(inline in saved)
    own = {
        "slug": team.slug,
        "name": team.name,
        "active": "on",
        "resubmit_by_itself": "on",
        "personal_token_days": 90,
        "time_zone": "UTC",
    }
    return {**own, **counts, **fields}


def test_everything_that_a_team_is_given_is_given_on_one_page(admin):
    team, person, queue = make.team(images=(), roles=()), make.user(), make.queue()
    form = form_of(
        team,
        may_register="on",
        features=["privileged", "secrets"],
        further_fields="containerProperties.one\n\n  teleport  ",
        **{
            "memberships-0-user": person.pk,
            "memberships-0-role": "lead",
            "queue_grants-0-queue": queue.pk,
            "queue_grants-0-max_vcpus": 8,
            "queue_grants-0-max_active_jobs": 3,
            "queue_grants-0-forms_only": "analysts",
            "role_grants-0-pattern": "arn:aws:iam::123456789012:role/team-*",
            "image_grants-0-pattern": "registry.example.org/team/*",
            "tag_rules-0-key": "CostCenter",
            "tag_rules-0-allowed": "CC-1\nCC-2",
            "tag_rules-0-filled_by": "team",
            "tag_rules-0-default": "CC-1",
        },
    )
    assert admin.post(page_of(team), form).status_code == 302

    team.refresh_from_db()
    assert Membership.objects.get(team=team).user == person
    assert TeamGrants.for_team(team) == TeamGrants(
        team=team.name,
        may_register=True,
        queues={queue.pk: QueueLimits(vcpus=8, active_jobs=3, forms_only="analysts")},
        roles=("arn:aws:iam::123456789012:role/team-*",),
        images=("registry.example.org/team/*",),
        features=frozenset({"privileged", "secrets"}),
        further_fields=frozenset({"containerProperties.one", "teleport"}),
        tags=(TagRequirement("CostCenter", allowed=("CC-1", "CC-2"), default="CC-1", filled_by="team"),),
    )


def test_a_ceiling_is_changed_and_whom_a_row_is_about_stays(admin):
    team, other = make.team(), make.queue("other")
    grant = QueueGrant.objects.create(team=team, queue=make.queue("cpu"))
    row = {"queue_grants-0-id": grant.pk, "queue_grants-0-queue": other.pk, "queue_grants-0-max_gpus": 2}
    answer = admin.post(page_of(team), form_of(team, saved=("queue_grants",), **row))

    assert answer.status_code == 302
    grant.refresh_from_db()
    assert (grant.queue.name, grant.max_gpus) == ("cpu", 2)


@pytest.mark.long
@pytest.mark.parametrize(
    ("inline", "field", "value", "said"),
    [
        ("role_grants", "pattern", "BatchJobRole", "starts with arn:"),
        ("role_grants", "pattern", "arn:aws:iam::*:role/x", "a prefix followed by *"),
        ("image_grants", "pattern", "*/tool", "a prefix followed by *"),
        ("tag_rules", "key", "portal:job", "are reserved"),
        ("tag_rules", "key", "Cost&Centre", "Use only letters"),
        ("tag_rules", "default", "R&D", "Use only letters"),
        ("queue_grants", "max_run_seconds", "5", "greater than or equal to 60"),
    ],
)
def test_a_grant_that_would_mean_something_else_is_not_kept(admin, inline, field, value, said):
    team = make.team(images=(), roles=())
    rows = {f"{inline}-0-{field}": value}
    if inline == "queue_grants":
        rows[f"{inline}-0-queue"] = make.queue().pk
    if inline == "tag_rules":
        rows = {f"{inline}-0-key": "Project", f"{inline}-0-filled_by": "person", **rows}
    answer = admin.post(page_of(team), form_of(team, **rows))

    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not team.role_grants.exists() | team.image_grants.exists() | team.tag_rules.exists()


@pytest.mark.long
@pytest.mark.parametrize(
    ("written", "seconds"), [("24 h", 86400), ("90 min", 5400), ("3600", 3600), ("", None), (" 1d ", 86400)]
)
def test_a_default_time_limit_is_written_as_people_write_it(admin, written, seconds):
    team = make.team(default_time_limit_seconds=120)
    assert admin.post(page_of(team), form_of(team, default_time_limit_seconds=written)).status_code == 302
    team.refresh_from_db()

    assert team.default_time_limit_seconds == seconds
    assert TeamGrants.for_team(team).default_time_limit_seconds == seconds
    if seconds == 86400:
        assert 'value="1 d"' in admin.get(page_of(team)).content.decode()


@pytest.mark.long
@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("59", "The shortest time limit in AWS Batch is 60 s."),
        ("-1", "Enter a duration like 24 h, 90 min or 3600 (seconds)."),
        ("soon", "Enter a duration like 24 h, 90 min or 3600 (seconds)."),
        ("99999999999 d", "This is above the longest time limit of AWS Batch."),
    ],
)
def test_a_default_time_limit_that_aws_would_not_take_is_not_kept(admin, written, said):
    team = make.team()
    answer = admin.post(page_of(team), form_of(team, default_time_limit_seconds=written))

    assert answer.status_code == 200
    assert said in html.unescape(answer.content.decode())
    team.refresh_from_db()
    assert team.default_time_limit_seconds is None


def test_no_team_takes_the_name_of_that_of_jobs_that_belong_to_none(admin):
    team = make.team("research")
    answer = admin.post(page_of(team), form_of(team, slug=UNASSIGNED_SLUG))

    assert "belong to no team have this name" in html.unescape(answer.content.decode())
    team.refresh_from_db()
    assert team.slug == "research"


def test_a_default_size_has_both_amounts_or_none(admin):
    team = make.team()
    half = admin.post(page_of(team), form_of(team, default_vcpus="1"))
    whole = admin.post(page_of(team), form_of(team, default_vcpus="0.25", default_memory_mib="512"))

    assert "Enter both vCPU and memory, or neither." in half.content.decode()
    assert whole.status_code == 302
    team.refresh_from_db()
    assert TeamGrants.for_team(team).default_size == DefaultSize.parse("0.25,512")


def test_what_the_portal_fills_in_has_a_value(admin):
    team = make.team()
    answer = admin.post(
        page_of(team), form_of(team, **{"tag_rules-0-key": "CostCenter", "tag_rules-0-filled_by": "portal"})
    )

    assert "Enter the default" in answer.content.decode()


BUDGET = {"budgets-0-period": "month", "budgets-0-usd": "500.00", "budgets-0-active": "on"}


def test_a_budget_is_set_on_the_team_and_changes_of_it_are_audited(admin):
    team = make.team()
    tag = {"budgets-0-tag_key": "Project", "budgets-0-tag_value": "GenAI"}
    assert admin.post(page_of(team), form_of(team, **BUDGET, **tag)).status_code == 302
    [terms] = TeamGrants.for_team(team).budgets
    assert (terms.scope, str(terms.usd), terms.stop_percent) == ("Project = GenAI", "500.00", None)

    row = {"budgets-0-id": terms.pk, "budgets-0-team": team.pk, "budgets-0-stop_percent": 100}
    assert admin.post(page_of(team), form_of(team, ["budgets"], **BUDGET, **tag, **row)).status_code == 302
    entry = AuditEntry.objects.filter(team=team, noun="budget").latest("pk")
    assert (entry.action, entry.label) == ("change", "Project = GenAI by month")
    assert (entry.before, entry.after) == ('{"stop_percent":null}', '{"stop_percent":100}')


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tag_key": "Project"}, "Enter both a tag key and a tag value, or neither."),
        ({"usd": "0"}, "greater than or equal to 0.01"),
        ({"tag_key": "Pro;ject", "tag_value": "x"}, "Use only letters"),
        ({"approve_percent": 100, "stop_percent": 100}, "Approval must start below"),
    ],
)
def test_a_budget_that_could_not_work_is_refused(fields, message, admin):
    team = make.team()
    row = {f"budgets-0-{name}": value for name, value in fields.items()}

    assert message in admin.post(page_of(team), form_of(team, **{**BUDGET, **row})).content.decode()
    assert not Budget.objects.exists()


@pytest.mark.parametrize(
    ("inline", "field", "value"),
    [
        ("tag_rules", "key", "Project"),
        ("role_grants", "pattern", "arn:aws:iam::123456789012:role/x"),
        ("image_grants", "pattern", "registry.example.org/tool"),
    ],
)
def test_a_repeated_row_has_its_error_at_its_field_with_a_link_to_the_other(admin, inline, field, value):
    team = make.team(images=(), roles=())
    row = getattr(team, inline).create(**{field: value})
    rows = {f"{inline}-0-id": row.pk, f"{inline}-0-{field}": value, f"{inline}-1-{field}": value}
    if inline == "tag_rules":
        rows |= {f"{inline}-{number}-filled_by": "person" for number in range(2)}
    answer = admin.post(page_of(team), form_of(team, saved=[inline], **rows))
    page = answer.content.decode()
    first, second = (
        page.partition(f'id="{inline}-{number}">')[2].partition('<td class="delete">')[0] for number in range(2)
    )

    assert answer.status_code == 200
    assert f'“{value}” is already in <a href="#{inline}-0">row 1</a>. Remove one of them.' in second
    assert "errorlist" not in first
    assert "already exists" not in page
    assert "duplicate" not in page
    assert getattr(team, inline).count() == 1


@pytest.mark.parametrize("is_for_all", [True, False])
def test_a_tag_rule_that_exists_is_named_at_the_key(admin, is_for_all):
    team = None if is_for_all else make.team()
    rule = TagRule.objects.create(team=team, key="Project")
    form = {"team": team.pk if team else "", "key": "Project", "filled_by": "person"}
    page = html.unescape(admin.post(reverse("admin:jobs_tagrule_add"), form).content.decode())

    owner = "All teams have" if is_for_all else f"{team} has"
    assert f'{owner} a <a href="{page_of(rule)}">rule for “Project”</a> already.' in page
    assert "already exists" not in page
    assert TagRule.objects.count() == 1


@pytest.mark.parametrize(
    ("choice", "days", "stored"),
    [("forbidden", "30", 0), ("forbidden", "", 0), ("allowed", "30", 30), (None, "0", 0), (None, "7", 7)],
)
def test_personal_tokens_are_allowed_or_not_by_a_choice(admin, choice, days, stored):
    team = make.team(personal_token_days=5)
    form = form_of(team, personal_token_days=days) | ({"personal_tokens": choice} if choice else {})
    assert admin.post(page_of(team), form).status_code == 302
    team.refresh_from_db()
    page = admin.get(page_of(team)).content.decode()

    assert team.personal_token_days == stored
    assert ('<option value="forbidden" selected>' in page) is (stored == 0)
    assert f'name="personal_token_days" value="{stored or 90}"' in page


@pytest.mark.parametrize("days", ["", "0", "366", "-1"])
def test_allowed_personal_tokens_expire_within_a_year(admin, days):
    team = make.team(personal_token_days=5)
    answer = admin.post(page_of(team), form_of(team, personal_tokens="allowed", personal_token_days=days))
    team.refresh_from_db()

    assert answer.status_code == 200
    assert team.personal_token_days == 5


def test_teams_are_switched_off_and_on_from_the_list(admin):
    team = make.team()
    for action, active in (("switch_off", False), ("switch_on", True)):
        confirmed = {"action": action, "_selected_action": [team.pk], "post": "yes"}
        admin.post(reverse("admin:jobs_team_changelist"), confirmed)
        team.refresh_from_db()
        assert team.active is active


@pytest.fixture
def many_teams(db):
    """200 teams, 2,000 people and 50 queues; the largest team has 100 people and all the queues."""
    account = make.account()
    Team.objects.bulk_create(Team(slug=f"team-{n:03}", name=f"Team {n:03}") for n in range(200))
    User.objects.bulk_create(User(username=f"person-{n:04}", password="!") for n in range(2000))
    Queue.objects.bulk_create(Queue(account=account, name=f"queue-{n:02}") for n in range(50))
    teams, people, queues = list(Team.objects.all()), list(User.objects.order_by("pk")), list(Queue.objects.all())
    largest, first = teams[0], queues[0]
    Membership.objects.bulk_create(
        [Membership(team=teams[n % 200], user=person) for n, person in enumerate(people) if n % 200]
        + [Membership(team=largest, user=person) for person in people[1:101]]
        + [Membership(team=team, user=people[150]) for team in teams[1:150]]
    )
    QueueGrant.objects.bulk_create(
        [QueueGrant(team=largest, queue=queue) for queue in queues]
        + [QueueGrant(team=team, queue=first) for team in teams[1:]]
    )
    RoleGrant.objects.bulk_create(RoleGrant(team=largest, pattern=f"arn:{n}") for n in range(30))
    ImageGrant.objects.bulk_create(ImageGrant(team=largest, pattern=f"image-{n}") for n in range(30))
    TagRule.objects.bulk_create(TagRule(team=team, key="CostCenter") for team in teams)
    return {"team": largest, "queue": first, "user": people[150]}


@pytest.mark.long
def test_a_page_or_a_list_or_a_choice_costs_the_same_however_much_there_is(
    admin, many_teams, django_assert_max_num_queries
):
    for noun, most in (("team", 12), ("queue", 7), ("user", 11)):
        with django_assert_max_num_queries(most):
            assert admin.get(page_of(many_teams[noun])).status_code == 200
    for noun, most in (("team", 9), ("queue", 10), ("user", 9), ("tagrule", 9)):
        with django_assert_max_num_queries(most):
            assert admin.get(reverse(f"admin:jobs_{noun}_changelist"), {"q": "00"}).status_code == 200
    for noun, field in (("membership", "user"), ("queuegrant", "queue"), ("queuegrant", "team")):
        asked = {"app_label": "jobs", "model_name": noun, "field_name": field, "term": ""}
        with django_assert_max_num_queries(6):
            answer = admin.get(reverse("admin:autocomplete"), asked).json()
        assert (len(answer["results"]), answer["pagination"]) == (20, {"more": True}), noun
