"""The catalog: cards, a definition's page, what differs, and what people change there."""

import json
import re
from html import unescape

import pytest
from django.urls import reverse
from django.utils.timezone import now

from jobs.models import Definition, Membership, Revision
from jobs.spec.parsing import parser
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(research, signed_in):
    return signed_in(research.analyst.user)


@pytest.fixture
def lead(research, signed_in):
    return signed_in(make.member(research.team, "lead").user)


def cards(browser, **query):
    return browser.get(reverse("definitions", args=["research"]), query).content.decode()


def page(browser, definition, **query):
    return browser.get(definition.get_absolute_url(), query).content.decode()


def post_action(browser, name, *ids, **fields):
    return browser.post(reverse(name, args=ids), fields, follow=True).content.decode()


def document(*, image="busybox", **variables):
    made = make.document("hello")
    made["containerProperties"]["image"] = image
    made["containerProperties"]["environment"] = [{"name": k, "value": v} for k, v in variables.items()]
    return made


def new_revision(research, **fields):
    return make.revision("hello", where=research.account, document=document(**fields))


def test_a_card_says_what_it_is_for_how_large_and_how_it_goes(browser, research):
    Definition.objects.update(description="Says hello.")
    revision = new_revision(research, image="registry.example.org/hello:2")
    ended = {"started_at": now(), "stopped_at": now(), "ended_at": now()}
    for state in ("SUCCEEDED", "FAILED"):
        make.job(make.submission(research.analyst, research.account), revision=revision, state=state, **ended)
    text = cards(browser)

    for said in (
        "Says hello.",
        "registry.example.org/hello:2",
        "1 vCPU, 512 MiB",
        "50 %",
        "of 2",
        "just now",
        "Run…",
    ):
        assert said in text


@pytest.mark.long
def test_cards_are_found_by_name_and_purpose_and_paged(browser, research):
    for number in range(25):
        make.revision(f"batch-{number:02}", of=research.team, where=research.account)
    Definition.objects.filter(name="batch-07").update(description="Trains the churn model")
    first = cards(browser)
    [following] = re.findall(r'href="\?q=&amp;after=(\w+)">Next page', first)

    assert "batch-23" in first
    assert "batch-24" not in first
    assert "batch-24" in cards(browser, after=following)
    assert re.findall(r">(batch-\d+)</a>", cards(browser, q="churn")) == ["batch-07"]
    assert "No definitions match" in cards(browser, q="nowhere")


def test_each_revision_says_what_it_changed_and_hides_what_is_secret(browser, research):
    new_revision(research, image="a:1", DB_PASSWORD="hunter2!", STAGE="prod")
    new_revision(research, image="a:2", DB_PASSWORD="hunter3!", STAGE="prod")
    text = page(browser, research.definition)

    assert "containerProperties › image changed from “a:1” to “a:2”." in text
    assert "DB_PASSWORD has a different value." in text
    assert "hunter" not in text


def test_any_two_revisions_are_compared(browser, research):
    first = research.definition.revisions.get()
    new_revision(research, image="a:1", DB_PASSWORD="hunter2!")
    last = new_revision(research, image="a:2", DB_PASSWORD="hunter3!")
    address = reverse("difference", args=[research.definition.text_id])
    newest = browser.get(address).content.decode()
    whole = browser.get(address, {"from": first.text_id, "to": last.text_id}).content.decode()

    assert re.findall(r'<th scope="row" title="([^"]+)"', newest) == [
        "/containerProperties/image",
        "/containerProperties/environment/0",
    ]
    assert ">2 differences</caption>" in newest
    one = new_revision(research, image="a:3", DB_PASSWORD="hunter3!")
    pair = browser.get(address, {"from": last.text_id, "to": one.text_id}).content.decode()
    assert ">1 difference</caption>" in pair
    assert "•••• (different value)" in newest
    assert "not set" in whole
    assert "busybox" in whole
    assert "hunter" not in newest + whole
    same = browser.get(address, {"from": last.text_id, "to": last.text_id}).content.decode()
    assert "No differences" in same
    other = make.revision("other", of=research.team, where=research.account)
    assert browser.get(address, {"from": other.text_id}).status_code == 404


def test_a_revision_is_copied_as_json_and_as_a_command(browser, research):
    last = new_revision(research, image="it's:1", QUARTER='Q1 "é"')
    text = page(browser, research.definition)
    values = dict(
        re.findall(
            r'<pre class="json" tabindex="0" id="(\w+)-' + last.text_id + r'"[^>]*>(.*?)</pre>', text, re.DOTALL
        )
    )

    assert json.loads(unescape(values["json"])) == last.document
    assert parser.parse(unescape(values["cli"])).document == last.document
    assert f"--region {research.account.region}" in values["cli"]


def test_the_page_says_which_jobs_used_it_and_who(browser, research):
    text = page(browser, research.definition)

    assert research.job.get_absolute_url() in text
    assert research.analyst.user.display_name in text
    assert f"{reverse('jobs', args=['research'])}?search=def%3Ahello" in text


@pytest.mark.long
def test_who_registers_says_what_it_is_for_and_why_a_revision_was_made(browser, research):
    key, revision = research.definition.text_id, research.definition.revisions.get()
    assert "Description saved." in post_action(browser, "definition_describe", key, text=" Says\n hello <b> ")
    assert "Note on hello:1 saved." in post_action(browser, "revision_why", key, revision.text_id, text="First")
    text = page(browser, research.definition)

    assert "Says hello &lt;b&gt;" in text
    assert '<span class="revision-note">First</span>' in text
    assert "Not saved" in post_action(browser, "definition_describe", key, text="x" * 301)
    assert "Not saved" in post_action(browser, "definition_describe", key, text="a\0b")
    assert Definition.objects.get(pk=research.definition.pk).description == "Says hello <b>"


@pytest.mark.long
def test_a_revision_is_deactivated_and_stays_to_be_read(browser, research):
    revision = new_revision(research)
    text = post_action(browser, "revision_deactivate", research.definition.text_id, revision.text_id)

    assert "Deactivated hello:2. AWS Batch deletes it after 180 days." in text
    assert "It is deregistered in AWS after all accepted jobs that use it are sent." in text
    assert not Revision.objects.get(pk=revision.pk).active
    Revision.objects.update(deregistered_at=now())
    assert "Deregistered in AWS" in page(browser, research.definition)


def test_a_revision_is_deactivated_through_its_own_definition_alone(browser, research):
    other = make.revision("other", of=research.team, where=research.account)
    address = reverse("revision_deactivate", args=[research.definition.text_id, other.text_id])

    assert browser.post(address).status_code == 404
    assert Revision.objects.get(pk=other.pk).active


@pytest.mark.long
def test_a_lead_takes_a_name_out_of_use_and_back(browser, lead, research):
    key = research.definition.text_id
    assert "Deactivate definition" not in page(browser, research.definition)
    assert "Deactivated hello. Its revisions and jobs are kept." in post_action(lead, "definition_deactivate", key)
    gone = page(browser, research.definition)

    assert "You can't submit jobs with it or register revisions" in gone
    assert "Run…" not in gone
    assert "New revision…" not in gone
    assert "Clone…" in gone
    assert ">hello</a>" not in cards(browser)
    assert ">hello</a>" in cards(browser, deactivated="yes")
    assert "Activated hello." in post_action(lead, "definition_activate", key)
    assert "New revision…" in page(browser, research.definition)


@pytest.mark.long
def test_a_lead_shares_a_definition_and_others_run_and_clone_it_in_their_own_team(lead, research, signed_in):
    outsider = signed_in(research.stranger)
    assert outsider.get(research.definition.get_absolute_url()).status_code == 404
    assert "Shared hello with every team" in post_action(lead, "definition_share", research.definition.text_id)
    seen = page(outsider, research.definition)

    assert f"{reverse('job_form', args=['elsewhere'])}?definition=hello" in seen
    assert f"{reverse('definition_form', args=['elsewhere'])}?clone=" in seen
    for ours in ("New revision…", "Description</label>", "Deactivate", "nightly", "Stop sharing"):
        assert ours not in seen
    refused = outsider.post(reverse("definition_unshare", args=[research.definition.text_id]))
    assert refused.status_code == 403
    assert "Only members of" in refused.content.decode()
    assert "Stopped sharing hello" in post_action(lead, "definition_unshare", research.definition.text_id)
    assert outsider.get(research.definition.get_absolute_url()).status_code == 404


def test_a_clone_opens_under_a_name_that_is_free(browser, research):
    make.definition("hello-copy", where=research.account)
    form = reverse("definition_form", args=["research"])
    text = browser.get(form, {"clone": research.definition.text_id}).content.decode()

    assert "hello-copy-2" in text


@pytest.mark.parametrize("door", ["write", "definition_form"])
def test_what_is_registered_already_is_used_again_and_the_page_says_so(browser, research, door):
    text = json.dumps(make.document("hello"))
    field = "text" if door == "write" else "document"
    answer = browser.post(reverse(door, args=["research"]), {field: text}, follow=True)

    assert "Already registered as hello:1 with the same settings." in answer.content.decode()
    assert research.definition.revisions.count() == 1


def test_what_the_portal_refused_is_not_said_to_be_aws(browser, research):
    make.revision(
        "hello",
        where=research.account,
        number=None,
        registration="REFUSED",
        active=False,
        refused_by_portal=True,
        refusal="The image is not granted to Research. (policy.image-not-granted)",
    )
    text = page(browser, research.definition)

    assert "Refused by the portal." in text
    assert "policy.image-not-granted" in text


@pytest.mark.long
def test_older_revisions_are_a_page_away(browser, research):
    for _ in range(14):
        new_revision(research)
    first = page(browser, research.definition)
    [older] = re.findall(r'href="\?before=(\w+)"', first)

    assert "Revision 4<" in first
    assert "Revision 3<" not in first
    assert "Revision 3<" in page(browser, research.definition, before=older)


@pytest.mark.long
@pytest.mark.parametrize("count", [1, 12])
def test_the_pages_cost_the_same_queries_for_little_and_much(browser, research, count, django_assert_num_queries):
    for number in range(count):
        revision = new_revision(research, image=f"a:{number}")
        make.revision(f"other-{number}", of=research.team, where=research.account)
        make.job(
            make.submission(research.analyst, research.account), revision=revision, state="SUCCEEDED", ended_at=now()
        )
    with django_assert_num_queries(8):
        cards(browser)
    with django_assert_num_queries(13):
        page(browser, research.definition)
    with django_assert_num_queries(9):
        browser.get(reverse("difference", args=[research.definition.text_id]))


def test_an_analyst_shares_nothing(browser, research):
    answer = browser.post(reverse("definition_share", args=[research.definition.text_id]))

    assert answer.status_code == 403
    assert (
        "share and deactivate definitions, archive workflow templates and launch forms. Ask an administrator"
        in answer.content.decode()
    )
    assert Membership.objects.filter(user=research.analyst.user, role="analyst").exists()
    assert not Definition.objects.get(pk=research.definition.pk).shared
