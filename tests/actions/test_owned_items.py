"""Saved views and presets that several requests save in the same moment, under one name or as default."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from jobs.access import Member
from jobs.actions import form_presets, saved_views
from jobs.actions.saved_views import ViewContent
from jobs.models import AuditEntry, FormPreset, LaunchFormVersion, SavedView
from jobs.spec.launch_forms.fields import FormSection, LaunchField
from jobs.spec.launch_forms.file_format import LaunchContent
from tests import make
from tests.live_db import database_for_threads

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

PEOPLE = 8
CONTENT = ViewContent("status:failed", "", "", ())


@pytest.fixture
def lead() -> Member:
    return make.member(make.team("research"), "lead")


@pytest.fixture
def version(lead: Member) -> LaunchFormVersion:
    document = {"jobName": "train-${param.size}", "jobQueue": "cpu", "jobDefinition": "hello"}
    content = LaunchContent("Train", "", (FormSection("", (LaunchField("size", default="small"),)),))
    return make.launch_form_version(lead, content, document)


def together(folder: Path, act: Callable[[int], Any]) -> list[Any]:
    """Return what each of several threads gets that begin in the same moment."""
    barrier = Barrier(PEOPLE)

    def act_in_thread(number: int) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait(60)
            return act(number)
        finally:
            connection.close()

    with database_for_threads(folder), ThreadPoolExecutor(PEOPLE) as people:
        return list(people.map(act_in_thread, range(PEOPLE)))


@pytest.mark.long
@pytest.mark.postgres_itself
@pytest.mark.parametrize("is_of_team", [True, False])
def test_a_preset_saved_by_many_at_once_is_one(
    lead: Member, version: LaunchFormVersion, tmp_path: Path, is_of_team: bool
) -> None:
    saved = together(
        tmp_path,
        lambda number: form_presets.save_preset(
            version, lead, "Small", {"size": f"s{number}"}, is_of_team=is_of_team
        ),
    )

    assert [is_new for _, is_new in saved].count(True) == 1
    assert FormPreset.objects.get().values in [preset.values for preset, _ in saved]
    assert AuditEntry.objects.filter(action="make").count() == 1


@pytest.mark.long
@pytest.mark.postgres_itself
def test_a_view_saved_by_many_at_once_is_one(lead: Member, tmp_path: Path) -> None:
    saved = together(
        tmp_path, lambda _: saved_views.save_view(lead, "Failed", CONTENT, is_of_team=True, is_default=True)
    )

    assert [is_new for _, is_new in saved].count(True) == 1
    assert SavedView.objects.get().is_default


@pytest.mark.long
@pytest.mark.postgres_itself
def test_of_many_views_that_become_the_default_at_once_one_does(lead: Member, tmp_path: Path) -> None:
    together(
        tmp_path,
        lambda number: saved_views.save_view(lead, f"V{number}", CONTENT, is_of_team=False, is_default=True),
    )

    assert SavedView.objects.count() == PEOPLE
    assert SavedView.objects.filter(is_default=True).count() == 1


@pytest.mark.long
@pytest.mark.postgres_itself
def test_of_many_stored_views_that_become_the_default_at_once_one_does(lead: Member, tmp_path: Path) -> None:
    views = [
        saved_views.save_view(lead, f"V{number}", CONTENT, is_of_team=False, is_default=False)[0]
        for number in range(PEOPLE)
    ]
    together(tmp_path, lambda number: saved_views.set_default(views[number], lead, is_default=True))

    assert SavedView.objects.filter(is_default=True).count() == 1
