"""What the portal says of a document for a team, beside what the document says of itself."""

import json

import pytest

from jobs import actions
from jobs.models import Registration
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def research():
    """A member of a team with one queue and one definition."""
    member = make.member(make.team("research", name="Research"))
    queue = make.queue("cpu-job-queue", teams=(member.team,))
    make.revision("hello", of=member.team, where=queue.account)
    return member


def job_text(**fields):
    return json.dumps({"jobName": "one", "jobQueue": "cpu-job-queue", "jobDefinition": "hello", **fields})


def errors_of(text, member):
    return [(problem.pointer, problem.rule, problem.message) for problem in actions.validate(text, member).errors]


def test_a_job_for_a_queue_and_definition_of_the_team_is_right(research):
    verdict = actions.validate(job_text(), research)

    assert verdict.is_valid
    assert [(t.queue.name, t.revision.qualified_name) for t in verdict.resolved_jobs] == [
        ("cpu-job-queue", "hello:1")
    ]


def test_a_queue_of_another_team_is_as_unknown_as_one_that_does_not_exist(research):
    make.queue("finance-team-queue", of=research.team.queue_grants.get().queue.account, teams=(make.team("finance"),))

    [(pointer, rule, message)] = errors_of(job_text(jobQueue="finance-team-queue"), research)
    [(_, _, of_nothing)] = errors_of(job_text(jobQueue="no-such-team-queue"), research)

    assert (pointer, rule) == ("/jobQueue", "portal.unknown-queue")
    assert message.replace("finance-team-queue", "X") == of_nothing.replace("no-such-team-queue", "X")


def test_a_misspelt_name_is_answered_with_the_nearest(research):
    [(pointer, _, message)] = errors_of(job_text(jobDefinition="helo"), research)

    assert pointer == "/jobDefinition"
    assert message == "Research has no job definition “helo”. Did you mean “hello”?"


def test_a_definition_of_another_team_is_unknown_unless_it_is_shared(research):
    account = research.team.queue_grants.get().queue.account
    theirs = make.revision("theirs", of=make.team("finance"), where=account)
    assert errors_of(job_text(jobDefinition="theirs"), research)

    theirs.definition.shared = True
    theirs.definition.save()
    assert errors_of(job_text(jobDefinition="theirs"), research) == []


def test_a_bare_name_is_the_newest_active_revision_and_a_number_is_that_one(research):
    account = research.team.queue_grants.get().queue.account
    make.revision("hello", of=research.team, where=account)
    make.revision("hello", of=research.team, where=account, active=False)
    make.revision("hello", of=research.team, where=account, registration=Registration.ACCEPTED, number=None)

    def revision_for(asked):
        return actions.validate(job_text(jobDefinition=asked), research).resolved_jobs[0].revision

    assert revision_for("hello").number == 2
    assert revision_for("hello:1").number == 1
    assert revision_for("hello:3") is None
    assert revision_for("arn:aws:batch:us-west-2:123456789012:job-definition/hello:1").number == 1


def test_each_job_of_a_workflow_is_told_at_its_place(research):
    steps = [json.loads(job_text(jobName=name)) for name in ("a", "b")]
    steps[1]["jobQueue"] = "nowhere"

    assert [pointer for pointer, _, _ in errors_of(json.dumps({"jobs": steps}), research)] == ["/jobs/1/jobQueue"]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_document(research):
    text = '{"jobQueue": "nowhere", "jobName": "bad name", "jobDefinition": "nothing", "colour": 1}'

    assert [pointer for pointer, _, _ in errors_of(text, research)] == [
        "/jobQueue",
        "/jobName",
        "/jobDefinition",
        "/colour",
    ]


def test_jobs_of_a_workflow_stay_in_one_account(research):
    make.queue("elsewhere", teams=(research.team,))
    steps = [json.loads(job_text(jobName="a")), json.loads(job_text(jobName="b", jobQueue="elsewhere"))]

    assert errors_of(json.dumps({"jobs": steps}), research)[0][:2] == ("/jobs/1/jobQueue", "portal.several-accounts")


def test_a_job_may_wait_for_a_job_of_its_own_team_only(research):
    account = research.team.queue_grants.get().queue.account
    mine = make.job(make.submission(research, account), batch_id="11111111-1111-4111-8111-111111111111")
    other = make.job(batch_id="22222222-2222-4222-8222-222222222222")

    assert errors_of(job_text(dependsOn=[{"jobId": mine.batch_id}]), research) == []
    [(pointer, rule, _)] = errors_of(job_text(dependsOn=[{"jobId": other.batch_id}]), research)
    assert (pointer, rule) == ("/dependsOn/0/jobId", "portal.unknown-job")


@pytest.mark.parametrize(
    ("state", "rules"),
    [
        ("RUNNING", []),
        ("SUCCEEDED", []),
        ("FAILED", ["portal.dependency-failed"]),
        ("STOPPED", ["portal.dependency-failed"]),
        ("LOST", ["portal.dependency-failed"]),
    ],
)
def test_a_job_that_waits_for_one_that_did_not_succeed_is_refused(research, state, rules):
    account = research.team.queue_grants.get().queue.account
    parent = make.job(
        make.submission(research, account), batch_id="11111111-1111-4111-8111-111111111111", state=state
    )
    text = job_text(dependsOn=[{"jobId": parent.batch_id}])

    assert [rule for _, rule, _ in errors_of(text, research)] == rules


@pytest.mark.parametrize(
    ("parent_size", "suffix", "fields", "problem"),
    [
        (8, "", {"arrayProperties": {"size": 8}}, ""),
        (8, "", {"arrayProperties": {"size": 4}}, "portal.n-to-n-sizes"),
        (None, "", {"arrayProperties": {"size": 4}}, "portal.n-to-n-without-array"),
        (8, ":3", {"arrayProperties": {"size": 8}}, "portal.n-to-n-without-array"),
        (8, "", {}, "dependencies.n-to-n-without-array"),
    ],
)
def test_child_jobs_are_paired_with_those_of_an_array_of_equal_size(research, parent_size, suffix, fields, problem):
    account = research.team.queue_grants.get().queue.account
    job_id = "11111111-1111-4111-8111-111111111111"
    make.job(make.submission(research, account), batch_id=job_id, array_size=parent_size)
    plain, paired = ({"jobId": job_id + suffix, **kind} for kind in ({}, {"type": "N_TO_N"}))
    assert errors_of(job_text(**fields, dependsOn=[plain]), research) == []

    errors = errors_of(job_text(**fields, dependsOn=[paired]), research)
    assert [(pointer, rule) for pointer, rule, _ in errors] == ([("/dependsOn/0/type", problem)] if problem else [])
    assert all(("isn't an array" in message) == (parent_size is None) for _, _, message in errors)


def test_a_job_waits_for_jobs_of_the_account_it_runs_in_only(research):
    elsewhere = make.job(make.submission(research, make.account(name="Paris")))
    elsewhere.__class__.objects.filter(pk=elsewhere.pk).update(batch_id="33333333-3333-4333-8333-333333333333")

    [(pointer, rule, _)] = errors_of(
        job_text(dependsOn=[{"jobId": "33333333-3333-4333-8333-333333333333:7"}]), research
    )

    assert (pointer, rule) == ("/dependsOn/0/jobId", "portal.several-accounts")


HELLO = "arn:{partition}:batch:{region}:{number}:job-definition/hello{revision}"


def arn(partition="aws", region="us-west-2", number="123456789012", revision=":1"):
    return HELLO.format(partition=partition, region=region, number=number, revision=revision)


@pytest.mark.parametrize(
    ("elsewhere", "place"),
    [
        (arn(number="999999999999"), "account 999999999999 in us-west-2"),
        (arn(number="999999999999", revision=""), "account 999999999999 in us-west-2"),
        (arn(region="eu-west-1"), "account 123456789012 in eu-west-1"),
        (arn(partition="aws-cn"), "(partition aws-cn)"),
        (arn(partition="aws-us-gov", region="us-gov-west-1"), "(partition aws-us-gov)"),
    ],
)
def test_a_definition_of_another_account_region_or_partition_is_refused_at_its_place(research, elsewhere, place):
    [(pointer, rule, message)] = errors_of(job_text(jobDefinition=elsewhere), research)
    steps = {"jobs": [json.loads(job_text(jobName="a")), json.loads(job_text(jobName="b", jobDefinition=elsewhere))]}

    assert (pointer, rule) == ("/jobDefinition", "portal.definition-elsewhere")
    assert place in message
    assert [(where, which) for where, which, _ in errors_of(json.dumps(steps), research)] == [
        ("/jobs/1/jobDefinition", "portal.definition-elsewhere")
    ]


@pytest.mark.parametrize(
    "malformed",
    [arn(number="12345"), arn().replace("batch", "ecs"), arn().replace("job-definition", "job-queue"), arn() + "\n"],
)
def test_a_malformed_arn_never_means_the_teams_own_definition(research, malformed):
    verdict = actions.validate(job_text(jobDefinition=malformed), research)

    assert not verdict.is_valid
    assert {problem.pointer for problem in verdict.errors} == {"/jobDefinition"}
    assert verdict.resolved_jobs[0].revision is None


def test_an_arn_that_no_queue_gives_an_account_for_is_compared_with_all_of_the_teams_accounts(research):
    make.queue("other-queue", of=make.account(number="222222222222"), teams=(research.team,))

    def rules(definition):
        return [rule for _, rule, _ in errors_of(job_text(jobQueue="nowhere", jobDefinition=definition), research)]

    assert rules(arn()) == ["portal.unknown-queue"]
    assert rules(arn(number="222222222222")) == ["portal.unknown-queue", "portal.unknown-definition"]
    assert rules(arn(number="333333333333")) == ["portal.unknown-queue", "portal.definition-elsewhere"]


def test_an_account_without_a_number_is_known_by_the_arns_that_aws_gave(research):
    queue = research.team.queue_grants.get().queue
    type(queue.account).objects.update(number="")

    [(_, rule, message)] = errors_of(job_text(jobDefinition=arn()), research)
    assert (rule, "Use the definition's name instead of its ARN" in message) == ("portal.definition-elsewhere", True)

    type(queue).objects.update(arn="arn:aws:batch:us-west-2:123456789012:job-queue/cpu-job-queue")
    assert errors_of(job_text(jobDefinition=arn()), research) == []


def test_a_queue_that_is_closed_is_said_before_aws_says_it(research):
    research.team.queue_grants.get().queue.__class__.objects.update(state="DISABLED")

    assert errors_of(job_text(), research)[0][1] == "policy.queue-closed"


def test_a_name_of_another_team_cannot_be_registered(research):
    account = research.team.queue_grants.get().queue.account
    make.revision("theirs", of=make.team("finance"), where=account)

    assert errors_of(json.dumps(make.document("theirs")), research)[0][:2] == (
        "/jobDefinitionName",
        "portal.name-taken",
    )


def test_however_many_jobs_a_document_has_the_questions_to_the_database_stay_the_same(
    research, django_assert_num_queries
):
    def workflow(size):
        return json.dumps({"jobs": [json.loads(job_text(jobName=f"job-{number}")) for number in range(size)]})

    for size in (2, 40):
        with django_assert_num_queries(5):
            assert actions.validate(workflow(size), research).is_valid


def test_unknown_names_cost_no_question_each_and_a_bounded_number_of_comparisons(
    research, django_assert_num_queries, monkeypatch
):
    compared = []

    def compare(asked, known, **_):
        compared.extend(known)
        return []

    account = research.team.queue_grants.get().queue.account
    for number in range(9):
        make.revision(f"hello-{number}", of=research.team, where=account)
    monkeypatch.setattr("jobs.actions.resolution.difflib.get_close_matches", compare)
    monkeypatch.setattr("jobs.actions.resolution.MAX_NAME_COMPARISONS", 100)

    def workflow(size):
        steps = [
            job_text(jobName=f"job-{n}", jobQueue=f"queue-{n}", jobDefinition=f"unknown-{n}") for n in range(size)
        ]
        return json.dumps({"jobs": [json.loads(step) for step in steps]})

    for size in (2, 40):
        compared.clear()
        with django_assert_num_queries(4):
            verdict = actions.validate(workflow(size), research)
        assert len(verdict.errors) == 2 * size
        assert verdict.errors[-1].message.endswith(
            "It has hello, hello-0, hello-1, hello-2, hello-3, hello-4, hello-5, hello-6 and 2 more."
        )
        assert len(compared) <= 100


def test_where_too_much_is_wrong_the_team_is_told_so_and_nothing_more_is_looked_for(research):
    verdict = actions.validate(job_text(**{f"key{number}": 1 for number in range(600)}), research)

    assert (verdict.errors[0].rule, len(verdict.errors)) == ("reading.more-problems", 501)
    assert not verdict.is_valid
