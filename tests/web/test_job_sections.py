"""The sections of the job form: array, retries, sizes, fields that depend on the queue, required tags."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import Queue, QueueGrant, TagRule
from jobs.spec.documents import DocumentKind
from jobs.spec.forms import schema_fields
from tests import make
from tests.web.conftest import Research, SignIn
from tests.web.forms import controls, document_of, fill, page_text

FIELDS: dict[str, Any] = {"name": "t", "queue": "cpu", "definition": "hello"}


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


def part(page: str, element_id: str) -> str:
    """What the response has for an element of the page, up to the end of its first block."""
    return page.partition(f'id="{element_id}"')[2]


# -- Array
def test_an_array_size_is_written_and_its_children_are_previewed(browser: Client) -> None:
    environment: dict[str, Any] = {
        "environment-n0-name": "GREETING",
        "environment-n0-value": "hi",
        "environment": "rows",
    }
    page = page_text(fill(browser, **FIELDS, **environment, array_size="20", array_index="3", do="check"))
    preview = part(page, "array-preview")

    assert '"arrayProperties": {\n    "size": 20\n  }' in controls(page)["document"].replace("\r\n", "\n")
    assert "20 child jobs with index 0 to 19." in preview
    assert "AWS_BATCH_JOB_ARRAY_INDEX=3<" in preview
    assert "GREETING=hi<" in preview
    assert controls(page)["array_index"] == "3"


@pytest.mark.parametrize(("typed", "shown"), [("19", "19"), ("20", "19"), ("-1", "0"), ("x", "0"), ("", "0")])
def test_an_index_that_the_array_lacks_is_the_nearest(typed: str, shown: str, browser: Client) -> None:
    page = page_text(fill(browser, "job_preview", **FIELDS, array_size="20", array_index=typed))

    assert f"AWS_BATCH_JOB_ARRAY_INDEX={shown}<" in part(page, "array-preview")


@pytest.mark.parametrize("size", ["", "1", "10001", "many"])
def test_what_is_no_array_has_no_preview(size: str, browser: Client) -> None:
    page = page_text(fill(browser, "job_preview", **FIELDS, array_size=size))

    assert '<div id="array-preview" hx-swap-oob="innerHTML">' in page
    assert "child jobs with index" not in page


def test_a_secret_is_masked_in_the_preview(browser: Client) -> None:
    password: dict[str, Any] = {
        "environment-n0-name": "DB_PASSWORD",
        "environment-n0-value": "hunter22",
        "environment": "rows",
    }
    page = page_text(fill(browser, "job_preview", **FIELDS, **password, array_size="2"))

    assert "DB_PASSWORD=" in part(page, "array-preview")
    assert "hunter22" not in part(page, "array-preview")


def test_the_limit_of_the_queue_stands_at_the_array_size_and_so_does_its_problem(browser: Client) -> None:
    QueueGrant.objects.update(max_array_size=10)
    page = page_text(fill(browser, "job_preview", **FIELDS, array_size="20"))

    assert "At most 10 in cpu." in part(page, "help-array_size").partition("</p>")[0]
    assert "The array has 20 child jobs" in part(page, "problems-array_size").partition("</div>")[0]


# -- Retries
RULES = [
    {"onStatusReason": "Host EC2*", "action": "RETRY"},
    {"onReason": "OutOfMemory*", "onExitCode": "137", "action": "RETRY"},
    {"onReason": "*", "action": "EXIT"},
]
JOB: dict[str, Any] = {"jobName": "t", "jobQueue": "cpu", "jobDefinition": "hello"}


def test_choices_and_other_rules_are_shown_and_nothing_is_only_in_the_json(browser: Client) -> None:
    job = {**JOB, "retryStrategy": {"attempts": 3, "evaluateOnExit": RULES}}
    answer = fill(browser, of=job, do="check")
    page = page_text(answer)
    sent = controls(page)

    assert (sent["retry_spot"], sent["retry_pull"], sent["retry_other"]) == ("true", "", "true")
    assert "Retry rule 2" in part(page, "retry-rules")
    assert sent["rules_of"] == "1"
    assert "only in JSON" not in page
    assert document_of(answer) == job


def test_a_form_that_is_sent_as_it_came_keeps_its_rules(browser: Client) -> None:
    job = {**JOB, "retryStrategy": {"attempts": 3, "evaluateOnExit": RULES}}
    sent = controls(page_text(fill(browser, of=job, do="check")))
    answer = browser.post(reverse("job_form", args=["research"]), {**sent, "do": "check"})

    assert document_of(answer) == job


def test_choices_are_written_without_scripts_too(browser: Client) -> None:
    choices = {"retries": "3", "retry_spot": "true", "retry_codes": "137", "retry_other": "true"}
    answer = fill(browser, of=JOB, **choices, do="check")

    assert document_of(answer)["retryStrategy"] == {
        "attempts": 3,
        "evaluateOnExit": [RULES[0], {"onExitCode": "137", "action": "RETRY"}, RULES[2]],
    }


@pytest.mark.parametrize(
    ("choices", "field", "words"),
    [
        ({"retry_spot": "true"}, "retries", "The retry rules need a number of attempts"),
        ({"retry_spot": "true", "retries": "3"}, "retry_other", "ther failures are retried too"),
        ({"retry_codes": "oom", "retries": "3"}, "retry_codes", "oom"),
        ({"retry_spot": "true", "retries": "1"}, "retries", "with 1 no rule can retry"),
    ],
)
def test_problems_of_rules_stand_at_their_choice(
    choices: dict[str, Any], field: str, words: str, browser: Client
) -> None:
    page = page_text(fill(browser, "job_preview", of=JOB, **choices))

    assert words in part(page, f"problems-{field}").partition("</div>")[0]


def test_other_rules_are_rendered_again_only_if_they_are_others(browser: Client) -> None:
    job = {**JOB, "retryStrategy": {"attempts": 3, "evaluateOnExit": RULES}}
    fragment = '<div id="retry-rules" hx-swap-oob'

    assert fragment in page_text(fill(browser, "job_preview", of=job))
    assert fragment not in page_text(fill(browser, "job_preview", of=job, rules_of="1"))


def test_the_form_says_which_rules_of_the_definition_it_would_replace(research: Research, browser: Client) -> None:
    document = make.document("again")
    document["retryStrategy"] = {"attempts": 3, "evaluateOnExit": RULES}
    make.revision("again", of=research.team, where=research.account, document=document)
    page = page_text(fill(browser, "job_preview", **{**FIELDS, "definition": "again"}))

    assert (
        "retry for status reason Host EC2*; retry for exit code 137 and reason OutOfMemory*; "
        "don't retry for reason *. A number of attempts or a rule here replaces all of these."
    ) in part(page, "retry-definition")


# -- Sizes, and fields that depend on platform and queue
def options_of(page: str, name: str) -> list[str]:
    """The values that a choice offers; none if the field is no choice."""
    return re.findall(r'<option value="([^"]*)"', part(page, f"f-{name}").partition("</select>")[0])


def fargate_definition() -> dict[str, Any]:
    document = make.document("far")
    container = document["containerProperties"]
    container["executionRoleArn"] = "arn:aws:iam::123456789012:role/execution"
    container["resourceRequirements"] = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
    return {**document, "platformCapabilities": ["FARGATE"]}


@pytest.fixture
def fargate(research: Research) -> dict[str, Any]:
    make.revision("far", of=research.team, where=research.account, document=fargate_definition())
    return {**FIELDS, "definition": "far"}


@pytest.mark.parametrize(
    ("vcpus", "smallest", "largest"), [("", "2 GiB", "8 GiB"), ("2", "4 GiB", "16 GiB"), ("0.25", "512 MiB", "2 GiB")]
)
def test_on_fargate_a_job_chooses_among_valid_sizes(
    vcpus: str, smallest: str, largest: str, browser: Client, fargate: dict[str, Any]
) -> None:
    page = page_text(fill(browser, **fargate, vcpus=vcpus, do="check"))

    assert options_of(page, "vcpus") == ["", "0.25", "0.5", "1", "2", "4", "8", "16", "32"]
    assert options_of(page, "memory")[1] == smallest
    assert options_of(page, "memory")[-1] == largest


def test_a_size_that_fargate_lacks_stays_with_its_problem(browser: Client, fargate: dict[str, Any]) -> None:
    page = page_text(fill(browser, **fargate, vcpus="1", memory="100 GiB", do="check"))

    assert controls(page)["memory"] == "100 GiB"
    assert "Fargate has no task size" in part(page, "problems-vcpus").partition("</div>")[0] + part(
        page, "problems-memory"
    )


def test_on_ec2_sizes_are_free_numbers(browser: Client) -> None:
    page = page_text(fill(browser, **FIELDS, do="check"))

    assert re.search(r'<input[^>]* id="f-vcpus"', page)
    assert re.search(r'<input[^>]* id="f-memory"', page)
    assert controls(page)["vcpus"] == ""


def test_a_fargate_queue_offers_its_sizes_whatever_the_definition(research: Research, browser: Client) -> None:
    Queue.objects.filter(pk=research.queue.pk).update(platform="ECS_FARGATE")

    assert options_of(page_text(fill(browser, **FIELDS, do="check")), "vcpus")[1] == "0.25"


@pytest.mark.parametrize(("gpus", "is_shown"), [("", False), ("1", True)])
def test_gpus_leave_on_fargate_unless_the_document_has_some(
    gpus: str, is_shown: bool, browser: Client, fargate: dict[str, Any]
) -> None:
    page = page_text(fill(browser, **fargate, gpus=gpus, do="check"))

    assert ('id="f-gpus"' in page) == is_shown
    assert ("has no GPUs" in part(page, "problems-gpus").partition("</div>")[0]) == is_shown


@pytest.mark.parametrize("is_fair", [True, False])
def test_a_share_is_asked_for_in_a_fair_share_queue_only(is_fair: bool, research: Research, browser: Client) -> None:
    policy = {"schedulingPolicyArn": "arn:aws:batch:us-west-2:123456789012:scheduling-policy/fair"} if is_fair else {}
    Queue.objects.filter(pk=research.queue.pk).update(raw={"jobQueueName": "cpu", **policy})
    page = page_text(fill(browser, **FIELDS, do="check"))

    assert ('id="f-share_identifier"' in page) == is_fair
    assert ('id="f-priority"' in page) == is_fair


def test_a_share_in_the_document_is_never_hidden(research: Research, browser: Client) -> None:
    Queue.objects.filter(pk=research.queue.pk).update(raw={"jobQueueName": "cpu"})
    page = page_text(fill(browser, of={**JOB, "shareIdentifier": "gold"}, do="check"))

    assert controls(page)["share_identifier"] == "gold"
    assert "remove it" in part(page, "problems-share_identifier").partition("</div>")[0]


def test_the_sizes_are_rendered_again_only_if_they_depend_on_something_else(
    browser: Client, fargate: dict[str, Any]
) -> None:
    fragment = '<div id="sizes" hx-swap-oob'
    first = page_text(fill(browser, "job_preview", **fargate))
    key = re.findall(r'name="sizes_of" value="([^"]*)"', first)[0]

    assert fragment in first
    assert fragment not in page_text(fill(browser, "job_preview", **fargate, sizes_of=key))
    assert fragment in page_text(fill(browser, "job_preview", **fargate, vcpus="2", sizes_of=key))


@pytest.mark.parametrize("platform", ["", "FARGATE"])
def test_a_definition_has_the_fields_of_its_platform(platform: str, research: Research, signed_in: SignIn) -> None:
    lead = signed_in(make.member(research.team, "lead").user)
    page = page_text(fill(lead, "definition_form", name="d", image="busybox", platform=platform, do="check"))

    assert ('id="f-gpus"' in page) == (not platform)
    for name in ("ephemeral_storage", "platform_version", "public_ip"):
        assert (f'id="f-{name}"' in page) == bool(platform)


@pytest.mark.parametrize(("platform", "words", "is_found"), [
    ("EC2", "privileged", True), ("FARGATE", "privileged", False), ("EC2", "runtime platform", False),
    ("FARGATE", "runtime platform", True), ("FARGATE", "ulimits", False), ("FARGATE", "shared memory", False),
])  # fmt: skip
def test_advanced_settings_offer_only_what_the_platform_has(platform: str, words: str, is_found: bool) -> None:
    document = {"containerProperties": {}, "platformCapabilities": [platform]}
    matches = schema_fields.search_fields(DocumentKind.DEFINITION, words, document)

    assert any(words in match.label.lower() for match in matches) == is_found


def test_a_field_that_has_left_is_sent_no_help_and_no_problems(browser: Client, fargate: dict[str, Any]) -> None:
    page = page_text(fill(browser, "job_preview", **fargate))

    assert 'id="help-vcpus"' in page
    assert 'id="help-gpus"' not in page
    assert 'id="problems-gpus"' not in page


# -- Tags that rules name
def test_a_required_tag_is_a_field_that_says_who_asks_for_it(research: Research, browser: Client) -> None:
    TagRule.objects.create(team=research.team, key="Cost Center", required=True, pattern="CC-*")
    TagRule.objects.create(key="Department", required=True, allowed=["Geo", "Hydro"])
    page = page_text(browser.get(reverse("job_form", args=["research"])))

    assert re.findall(r'name="tag_key" value="([^"]*)"', page) == ["Cost Center", "Department"]
    assert re.search(r'id="f-tag-0"[^>]*aria-required="true"', page)
    assert f"Required by {research.team.name}. Must match CC-*." in part(page, "help-tag-0").partition("</p>")[0]
    assert "Required for all teams." in part(page, "help-tag-1").partition("</p>")[0]
    assert options_of(page, "tag-1") == ["", "Geo", "Hydro"]
    assert 'name="tags-n0-name" value="Department"' not in page


def test_the_default_of_a_tag_is_visible_and_not_written(research: Research, browser: Client) -> None:
    TagRule.objects.create(team=research.team, key="Cost", required=True, default="CC-1", filled_by="team")
    answer = fill(browser, of=JOB, do="check")
    page = page_text(answer)

    assert re.search(r'id="f-tag-0"[^>]*placeholder="CC-1"', page)
    assert not re.search(r'id="f-tag-0"[^>]*aria-required', page)
    assert "Default: CC-1." in part(page, "help-tag-0").partition("</p>")[0]
    assert document_of(answer) == JOB


def test_a_tag_of_the_portal_is_shown_and_cannot_be_typed(research: Research, browser: Client) -> None:
    TagRule.objects.create(team=research.team, key="Cost", default="CC-1", filled_by="portal")
    page = page_text(browser.get(reverse("job_form", args=["research"])))

    assert "Set by the portal: <code>Cost=CC-1</code>" in page
    assert 'name="tag_key"' not in page


def test_a_tag_is_written_and_the_others_keep_their_rows(research: Research, browser: Client) -> None:
    TagRule.objects.create(team=research.team, key="Cost Center", required=True)
    fields = controls(page_text(fill(browser, of={**JOB, "tags": {"b": "2", "Cost Center": "old"}}, do="check")))
    answer = browser.post(reverse("job_form", args=["research"]), {**fields, "tag-0": "new", "do": "check"})

    assert fields["tag-0"] == "old"
    assert fields["tags-o0-name"] == "b"
    assert "tags-o1-name" not in fields
    assert list(document_of(answer)["tags"].items()) == [("b", "2"), ("Cost Center", "new")]


def test_a_missing_tag_is_an_error_at_its_field(research: Research, browser: Client) -> None:
    TagRule.objects.create(team=research.team, key="Cost Center", required=True)
    fields = controls(page_text(fill(browser, of=JOB, do="check")))
    page = page_text(browser.post(reverse("job_preview", args=["research"]), fields))

    assert "The tag “Cost Center” is missing" in part(page, "problems-tag-0").partition("</div>")[0]
    assert "is missing" not in part(page, "problems-tags").partition("</div>")[0]


# -- Parameters
def test_a_parameter_without_a_default_is_marked_as_required(research: Research, browser: Client) -> None:
    document = make.document("conv")
    document["containerProperties"]["command"] = ["conv", "Ref::input", "Ref::format", "Ref::suffix"]
    document["parameters"] = {"format": "png", "suffix": ""}
    make.revision("conv", of=research.team, where=research.account, document=document)
    page = page_text(browser.get(reverse("job_form", args=["research"]), {"definition": "conv"}))

    assert re.search(r'id="f-parameter-input"[^>]*aria-required="true"', page)
    assert not re.search(r'id="f-parameter-(format|suffix)"[^>]*aria-required', page)
