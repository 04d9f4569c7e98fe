"""Who may change what in the admin: `privileges.txt`, compared with forged posts to every form there is.

What is tried comes from the admin site's registry: every field of every model, posted whether or not the form offers
it, every inline, action and page. Whatever has no row in the file fails, and so does a row without a counterpart.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models, transaction
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from jobs import audit
from jobs.models import (
    ApiToken,
    AuditEntry,
    Budget,
    InstancePrice,
    InstanceType,
    Membership,
    QueueGrant,
    Rate,
    Repricing,
    TagRule,
    Team,
    User,
)
from jobs.models.ids import new_id
from tests import make
from tests.admin.forged_posts import fields_of, forged_value, instance_type, page_data, replace_values, value_of

pytestmark = [pytest.mark.django_db, pytest.mark.long]

FILE = Path(__file__).parent / "privileges.txt"
KINDS = ("superuser", "staff", "page", "view")
"""A superuser; staff with every permission; with those of the page's own model alone; with every view permission."""

Row = tuple[str, str, str]
"""A page with whose row it is about, what is done, and to which field or by which button."""

PASSWORD = "eleven quiet herons"
ALSO_POSTED = {
    "user": {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD},
    "auth_user_password_change": {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD},
}
UNCHANGED = (AuditEntry, *apps.get_app_config("sessions").get_models(), *apps.get_app_config("admin").get_models())


# -- What there is


def _membership(person: User) -> Membership:
    return make.member(who=person, role="viewer").team.memberships.get()


def _definition(_person: User) -> Any:
    return make.revision(f"definition-{new_id()}").definition


def _instance_price() -> InstancePrice:
    return InstancePrice.objects.create(
        instance_type=instance_type(), region="us-east-1", usd_per_hour=1, valid_from=date(2019, 1, 1)
    )


OBJECTS: dict[str, Callable[[User], Any]] = {
    "account": lambda _: make.account(),
    "apitoken": lambda person: ApiToken.objects.create(
        team=make.member(who=person).team, person=person, name="ci", prefix="bpt_x", digest=new_id().hex
    ),
    "auditentry": lambda person: audit.record("make", person=person, target=person),
    "definition": _definition,
    "group": lambda _: Group.objects.create(name=f"group {new_id()}"),
    "instanceprice": lambda _: _instance_price(),
    "instancetype": lambda _: InstanceType.objects.create(name="x1.large", vcpus=2, memory_mib=8192),
    "queue": lambda _: QueueGrant.objects.create(queue=make.queue(), team=make.team()).queue,
    "rate": lambda _: Rate.objects.create(
        platform="EC2", resource="vcpu", usd_per_hour=1, valid_from=date(2019, 1, 1)
    ),
    "repricing": lambda _: Repricing.objects.create(
        person=make.user(), first=date(2026, 11, 1), last=date(2026, 11, 2), why="a test", previewed_at=now()
    ),
    "tagrule": lambda _: TagRule.objects.create(key="CostCenter", team=make.team()),
    "team": lambda person: _everything_of_a_team(_membership(person).team),
    "user": lambda person: _membership(person).user,
}
"""An object of each kind, about the person where it is about one."""

SUBJECTS = ("user", "apitoken", "team")
"""What is tried three times: about an ordinary person, about staff, and about a superuser."""


def _everything_of_a_team(team: Team) -> Team:
    QueueGrant.objects.create(team=team, queue=make.queue())
    TagRule.objects.create(team=team, key="CostCenter")
    Budget.objects.create(team=team, usd=100)
    return team


def person_of(subject: str) -> User:
    person = make.user(is_staff=subject != "person", is_superuser=subject == "superuser")
    make.second_factor(person)
    return person


def registered_pages() -> dict[str, Any]:
    return {model._meta.model_name or "": page for model, page in admin.site._registry.items()}


PAGES = sorted(registered_pages())


# -- Who tries


@pytest.fixture
def browsers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Client]:
    # no worker answers here
    monkeypatch.setattr("jobs.actions.account.wait_for_connection_test", lambda *_: True)
    monkeypatch.setattr("jobs.actions.account.wait_for_queue_snapshot", lambda *_: True)
    return {kind: Client() for kind in KINDS}


def sign_in(browsers: Mapping[str, Client], model: type[models.Model]) -> None:
    """Everyone, with the permissions that the page of a model is tried with."""
    own = Permission.objects.filter(content_type=ContentType.objects.get_for_model(model))
    permissions = {
        "superuser": Permission.objects.none(),
        "staff": Permission.objects.all(),
        "page": own,
        "view": Permission.objects.filter(codename__startswith="view_"),
    }
    for kind, browser in browsers.items():
        person = make.user(is_staff=True, is_superuser=kind == "superuser")
        person.user_permissions.set(permissions[kind])
        browser.force_login(person)


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


# -- What is compared


def outcome_of(answer: Any) -> None:
    """A forged post is done, refused, or refused with the words of the rule; never rejected for another reason."""
    told = answer.content.decode() if answer.status_code == 200 else ""
    assert answer.status_code in (302, 403) or "Only superusers" in told, re.findall(r'(?s)"errorlist.*?</ul>', told)


def all_rows() -> dict[str, list[Any]]:
    """All rows of the portal, of people's rights and of their second factors."""
    kinds = [*apps.get_app_config("jobs").get_models(), Authenticator, Group, Group.permissions.through]
    kinds += [each.remote_field.through for each in User._meta.many_to_many]
    tables = [
        model._meta.db_table for model in kinds if model not in UNCHANGED and "audit" not in model._meta.label_lower
    ]
    with connection.cursor() as cursor:  # four times as quick as the ORM
        return {
            table: cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1').fetchall()  # noqa: S608 - our own tables
            for table in tables
        }


# -- What is tried


class Trial:
    """A page of the admin with an object of one subject, and what became of each try."""

    def __init__(self, noun: str, subject: str, browsers: Mapping[str, Client]) -> None:
        self.noun, self.browsers = noun, browsers
        self.page = registered_pages()[noun]
        self.model = self.page.model
        self.label = noun if subject == "person" else f"{noun}:{subject}"
        self.person = person_of(subject)
        self.row = OBJECTS[noun](self.person)
        self.rows: dict[Row, list[bool]] = {}

    def address(self, name: str, *args: Any) -> str:
        return reverse(f"admin:{self.model._meta.app_label}_{self.noun}_{name}", args=args)

    def note(self, row: Row, *, done: bool) -> None:
        self.rows.setdefault(row, []).append(done)

    def attempt(self, change: Callable[[Client], None]) -> None:
        for browser in self.browsers.values():
            with rolled_back():
                change(browser)

    def fields(self) -> None:
        """The form of an object: every field forged at once."""
        here = self.address("change", self.row.pk)
        page = self.browsers["superuser"].get(here)
        sent = page_data(page) if "adminform" in (page.context_data or {}) else {}
        forgery = {each: forged_value(each, value_of(self.row, each), make.user()) for each in fields_of(self.model)}

        def change(browser: Client) -> None:
            before = {each: value_of(self.row, each) for each in forgery}
            outcome_of(browser.post(here, replace_values(sent, "", forgery)))
            after = self.model._base_manager.get(pk=self.row.pk)
            for each, value in before.items():
                self.note((self.label, "change", each.name), done=value_of(after, each) != value)

        self.attempt(change)

    def adding(self) -> None:
        """A new object, with every field forged at once."""
        here = self.address("add")
        page = self.browsers["superuser"].get(here)
        sent = page_data(page) if page.status_code == 200 else {}
        forgery = {each: forged_value(each, None, make.user()) for each in fields_of(self.model)}
        form = replace_values(sent, "", forgery) | ALSO_POSTED.get(self.noun, {})

        def change(browser: Client) -> None:
            before = set(self.model._base_manager.values_list("pk", flat=True))
            outcome_of(browser.post(here, form))
            added = self.model._base_manager.exclude(pk__in=before).first()
            self.note((self.label, "add", "*"), done=added is not None)
            for each, value in forgery.items():
                self.note((self.label, "add", each.name), done=bool(added) and value_of(added, each) == value)

        self.attempt(change)

    def deletion(self) -> None:
        def change(browser: Client) -> None:
            outcome_of(browser.post(self.address("delete", self.row.pk), {"post": "yes"}))
            self.note((self.label, "delete", "*"), done=not self.model._base_manager.filter(pk=self.row.pk).exists())

        self.attempt(change)

    def inlines(self) -> None:
        """Rows on the page of an object: each field forged, one more, one less; all inlines at once."""
        here = self.address("change", self.row.pk)
        # The person of a new row is the subject, who is in this team already: the page of a team adds to another one.
        target = OBJECTS[self.noun](make.user()) if self.noun == "team" else self.row
        there = self.address("change", target.pk)
        page = self.browsers["superuser"].get(here)
        sent, more = page_data(page), page_data(self.browsers["superuser"].get(there))
        changed, less = dict(sent), dict(sent)
        rows = []
        for inline in (page.context_data or {})["inline_admin_formsets"]:
            formset, model, prefix = inline.formset, inline.formset.model, inline.formset.prefix
            if prefix != "memberships" and ":" in self.label:
                continue
            label = f"{self.noun}/{self.label.replace(self.noun, prefix, 1)}"
            fields = [each for each in fields_of(model) if each != formset.fk]
            [row] = [form.instance for form in formset.initial_forms]
            count = int(more[f"{prefix}-TOTAL_FORMS"])
            rows.append((label, row, fields, model._base_manager.filter(**{formset.fk.name: target}), count))
            values = {each: forged_value(each, value_of(row, each), make.user()) for each in fields}
            changed = replace_values(changed, f"{prefix}-0-", values)
            less[f"{prefix}-0-DELETE"] = "on"
            fresh = {each: forged_value(each, None, self.person) for each in fields}
            more = replace_values(more, f"{prefix}-{count}-", fresh) | {f"{prefix}-TOTAL_FORMS": str(count + 1)}

        def change(browser: Client) -> None:
            before = {(label, each): value_of(row, each) for label, row, fields, *_ in rows for each in fields}
            with rolled_back():
                outcome_of(browser.post(here, changed))
                for label, row, fields, *_ in rows:
                    after = type(row)._base_manager.get(pk=row.pk)
                    for each in fields:
                        done = value_of(after, each) != before[label, each]
                        self.note((label, "change", each.name), done=done)
            with rolled_back():
                outcome_of(browser.post(there, more))
                for label, _, _, of_target, count in rows:
                    self.note((label, "add", "*"), done=of_target.count() > count)
            outcome_of(browser.post(here, less))
            for label, row, *_ in rows:
                self.note((label, "delete", "*"), done=not type(row)._base_manager.filter(pk=row.pk).exists())

        self.attempt(change)

    def actions(self) -> None:
        for name in sorted({*map(str, self.page.actions or ()), "delete_selected"}):

            def change(browser: Client, name: str = name) -> None:
                self.prepare(name)
                form: dict[str, Any] = {"action": name, "_selected_action": [self.row.pk], "post": "yes"}
                form |= {"team": make.team().pk, "queue": make.queue().pk}
                before = all_rows()
                browser.post(self.address("changelist"), form)
                self.note((self.label, "action", name), done=all_rows() != before)

            self.attempt(change)

    def prepare(self, action: str) -> None:
        """So that there is something to do."""
        opposite: Any = {
            "switch_on": {"active": False},
            "unshare": {"shared": True},
            "unmark_standard": {"standard": True},
            "activate": {"archived_at": datetime(2026, 1, 1, tzinfo=UTC)},
        }
        if action in opposite:
            self.model._base_manager.filter(pk=self.row.pk).update(**opposite[action])

    def further_pages(self) -> None:
        """Pages that an admin adds to Django's five."""
        usual = {self.address("changelist"), self.address("add"), *map(self.on_row, ("history", "delete", "change"))}
        for pattern in self.page.get_urls():
            if not pattern.name:
                continue
            here = reverse(f"admin:{pattern.name}", args=[self.row.pk] if pattern.pattern.converters else [])
            if here in usual:
                continue

            def change(browser: Client, here: str = here, name: str = pattern.name) -> None:
                answer = browser.post(here, ALSO_POSTED.get(name, {}))
                assert answer.status_code in (302, 403)
                self.note((self.label, "page", name), done=answer.status_code == 302)

            self.attempt(change)

    def on_row(self, name: str) -> str:
        return self.address(name, self.row.pk)


def try_fields(noun: str, browsers: Mapping[str, Client]) -> dict[Row, tuple[bool, ...]]:
    rows: dict[Row, list[bool]] = {}
    for subject in ("person", "staff", "superuser") if noun in SUBJECTS else ("person",):
        trial = Trial(noun, subject, browsers)
        sign_in(browsers, trial.model)
        if noun != "team" or subject == "person":
            trial.fields()
            trial.adding()
            trial.deletion()
            trial.actions()
        if trial.page.inlines:
            trial.inlines()
        if noun != "team" or subject == "person":
            trial.further_pages()  # last: setting a password gives the session another key, which is undone
        rows |= trial.rows
    return {row: tuple(done) for row, done in rows.items()}


# -- The table


def table() -> dict[Row, tuple[bool, ...]]:
    rows: dict[Row, tuple[bool, ...]] = {}
    for line in FILE.read_text().splitlines():
        words = line.partition("#")[0].split()
        if words:
            label, act, name, *cells = words
            assert len(cells) == len(KINDS), line
            assert (label, act, name) not in rows, f"A second row: {line}"
            rows[label, act, name] = tuple({"yes": True, "-": False}[cell] for cell in cells)
    return rows


def of_page(label: str) -> str:
    return label.partition("/")[0].partition(":")[0]


def format_rows(rows: Mapping[Row, tuple[bool, ...]]) -> str:
    lines = []
    for (label, act, name), cells in rows.items():
        columns = "".join(f"{'yes' if cell else '-':<11}" for cell in cells)
        lines.append(f"{label:<28}{act:<8}{name:<28}{columns}".rstrip())
    return "\n".join(lines)


@pytest.mark.parametrize("noun", PAGES)
def test_forged_posts_change_what_the_table_says_and_nothing_else(noun: str, browsers: dict[str, Client]):
    expected = {row: cells for row, cells in table().items() if of_page(row[0]) == noun}
    actual = try_fields(noun, browsers)
    different = {row: cells for row, cells in actual.items() if expected.get(row) != cells}

    assert different == {}, (
        f"Not as in {FILE.name}. What happens, after thinking about every cell:\n{format_rows(different)}"
    )
    assert not expected.keys() - actual.keys(), "Rows about what there is no more"


def test_every_row_is_about_a_page_that_there_is():
    assert {of_page(label) for label, _, _ in table()} == set(PAGES)
