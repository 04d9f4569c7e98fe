"""Actual costs from small files in AWS's columns."""

import itertools
from collections import Counter
from datetime import UTC, date, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from jobs.actions.import_costs import ExportDelivery, import_delivery
from jobs.models import ActualDelivery, ActualJobCost, ActualTotal, AuditEntry, JobTask
from jobs.pricing import exact_sum
from jobs.pricing.cost_exports import ExportFile
from tests import cost_exports, make
from tests.cost_exports import deliver, fargate, instance, split, task_arn
from tests.examples import examples
from tests.reports import past

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NOVEMBER = date(2026, 11, 1)


@pytest.fixture
def account():
    return make.account()


@pytest.fixture
def submission(account):
    past.rates()
    return make.submission(make.member(make.team("research")), account)


def job(submission, *tasks, **more):
    """A job that ended, with an attempt in each task."""
    made = past.job(submission, "2026-11-03", *[1] * len(tasks), **more)
    JobTask.objects.add((made.pk, task_arn(task)) for task in tasks)
    return made


def run(folder, *arguments):
    out = StringIO()
    call_command("import_actual_costs", "--folder", str(folder), *arguments, stdout=out)
    return out.getvalue()


def totals():
    """Return each total by what it is of, in cents."""
    rows = ActualTotal.objects.select_related("group", "delivery")
    return {
        (
            str(row.delivery.month)[:7],
            str(row.day),
            (row.group.kind, row.group.key, row.group.value) if row.group else None,
        ): (round(row.usd_units / 10**8), round(row.idle_units / 10**8))
        for row in rows
    }


def of_jobs():
    return {
        row.job.name: (round(row.usd_units / 10**8), round(row.idle_units / 10**8))
        for row in ActualJobCost.objects.select_related("job")
    }


ALL = ("", "", "")


def test_costs_of_tasks_count_for_their_jobs_by_day_and_tag(tmp_path, submission):
    job(submission, "1", "2", name="alpha", tags={"Project": "ALPHA"})
    job(submission, "3", name="beta", tags={"Project": "BETA"})
    rows = [
        split(task_arn("1"), "2026-11-02", "0.10", "0.01"),
        split(task_arn("2"), "2026-11-03", "0.20", "0.02"),
        fargate(task_arn("3"), "2026-11-03", "0.40"),
        split(task_arn("other"), "2026-11-03", "0.80", "0.08"),
        split(task_arn("1", account="999999999999"), "2026-11-03", "5"),
        instance("2026-11-03", "3"),
    ]
    out = run(deliver(tmp_path, rows[:2], rows[2:]))

    assert "November 2026 up to November 3, 6 rows" in out
    assert "$0.70 allocated to 2 jobs, $0.11 idle, $0.80 of other tasks" in out
    assert "1 rows of tasks in other accounts" in out
    assert of_jobs() == {"alpha": (30, 3), "beta": (40, 0)}
    sums = totals()
    assert sums["2026-11", "2026-11-02", ALL] == (10, 1)
    assert sums["2026-11", "2026-11-03", ALL] == (60, 2)
    assert sums["2026-11", "2026-11-03", None] == (80, 8)
    assert sums["2026-11", "2026-11-03", ("tag", "Project", "ALPHA")] == (20, 2)
    assert sums["2026-11", "2026-11-03", ("tag", "Project", "BETA")] == (40, 0)
    assert sums["2026-11", "2026-11-03", ("tag-key", "Project", "")] == (60, 2)
    assert AuditEntry.objects.filter(noun="actual costs").count() == 1


def test_an_import_repeated_changes_nothing(tmp_path, submission):
    job(submission, "1", name="alpha")
    deliver(tmp_path, [split(task_arn("1"), "2026-11-02", "0.10", "0.01")])
    run(tmp_path)
    before = totals(), of_jobs()
    run(tmp_path)
    assert (totals(), of_jobs()) == before
    assert ActualDelivery.objects.count() == 1


def test_corrections_replace_what_was_delivered_before_in_any_order(tmp_path, submission):
    job(submission, "1", name="alpha")
    deliver(tmp_path / "october", [split(task_arn("1"), "2026-10-31", "0.05")], at="2026-11-05")
    first = [split(task_arn("1"), "2026-11-02", "0.10"), split(task_arn("other"), "2026-11-02", "9")]
    deliver(tmp_path / "first", first, at="2026-11-03")
    deliver(tmp_path / "corrected", [split(task_arn("1"), "2026-11-02", "0.07")], at="2026-11-04")
    results = []
    for names in itertools.permutations(["october", "first", "corrected"]):
        ActualDelivery.objects.all().delete()
        for name in names:
            run(tmp_path / name)
        results.append((totals(), ActualJobCost.objects.count()))

    assert all(result == results[0] for result in results)
    sums = results[0][0]
    assert {key: value for key, value in sums.items() if key[2] in (ALL, None)} == {
        ("2026-10", "2026-10-31", ALL): (5, 0),
        ("2026-11", "2026-11-02", ALL): (7, 0),
    }
    ActualDelivery.objects.all().delete()
    run(tmp_path)
    assert totals() == sums


def test_fewer_days_never_replace_more(tmp_path, submission):
    job(submission, "1", name="alpha")
    run(deliver(tmp_path / "a", [split(task_arn("1"), "2026-11-03", "0.10")], at="2026-11-04"))
    out = run(deliver(tmp_path / "b", [split(task_arn("1"), "2026-11-02", "0.05")], at="2026-11-09"))
    assert "a later delivery has been imported, which stays" in out
    assert of_jobs() == {"alpha": (10, 0)}


def test_a_delivery_without_an_account_clears_what_it_said_of_it_before(tmp_path, submission):
    job(submission, "1", name="alpha")
    run(deliver(tmp_path, [split(task_arn("1"), "2026-11-02", "0.10")]))
    run(deliver(tmp_path, [instance("2026-11-02", "1")], at="2026-11-05"))
    assert of_jobs() == {}
    assert not ActualTotal.objects.exists()
    assert ActualDelivery.objects.get().delivered_at == datetime(2026, 11, 5, tzinfo=UTC)


def test_a_task_counts_for_its_job_as_soon_as_the_portal_knows_it(tmp_path, submission):
    deliver(tmp_path, [split(task_arn("1"), "2026-11-02", "0.10", "0.01")])
    run(tmp_path)
    assert totals() == {("2026-11", "2026-11-02", None): (10, 1)}

    job(submission, "1", name="alpha")
    run(tmp_path)
    assert of_jobs() == {"alpha": (10, 1)}
    assert ("2026-11", "2026-11-02", None) not in totals()


def test_jobs_from_before_and_those_that_run_are_found_by_their_attempts(tmp_path, submission):
    charged = past.job(submission, "2026-11-03", 1, name="charged")
    charged.attempts[0]["task_arn"] = task_arn("1")
    charged.save()
    make.job(submission, name="running", state="RUNNING", task_arn=task_arn("2"))
    run(deliver(tmp_path, [split(task_arn(name), "2026-11-02", "0.10") for name in "12"]))
    assert of_jobs() == {"charged": (10, 0), "running": (10, 0)}


@pytest.mark.parametrize("place", ["first", "second"])
def test_a_broken_file_changes_nothing_and_names_the_row(tmp_path, submission, place):
    job(submission, "1", name="alpha")
    run(deliver(tmp_path, [split(task_arn("1"), "2026-11-02", "0.10")]))
    before = totals(), of_jobs()
    good, bad = split(task_arn("1"), "2026-11-04", "9"), split(task_arn("1"), "2026-11-04", "a lot")
    parts = [[good, bad], [good]] if place == "first" else [[good], [good, bad]]
    deliver(tmp_path, *parts, at="2026-11-06")

    number = 1 if place == "first" else 2
    with pytest.raises(
        CommandError, match=f"batch-0000{number}.csv.gz, row 3: split_line_item_split_cost is “a lot”"
    ):
        run(tmp_path)
    assert (totals(), of_jobs()) == before


def test_a_trial_changes_nothing(tmp_path, submission):
    job(submission, "1", name="alpha")
    out = run(deliver(tmp_path, [split(task_arn("1"), "2026-11-02", "0.10")]), "--dry-run")
    assert "$0.10 allocated to 1 jobs" in out
    assert not ActualDelivery.objects.exists()
    assert not AuditEntry.objects.exists()


def test_two_exports_in_one_folder_are_refused(tmp_path, submission):
    deliver(tmp_path, [split(task_arn("1"), "2026-11-02", "0.10")])
    (tmp_path / "other-00001.csv.gz").write_bytes(cost_exports.content([]))
    with pytest.raises(CommandError, match="files of several exports"):
        run(tmp_path)


def test_files_name_accounts_by_their_number(tmp_path, submission):
    nameless = make.account(name="Nameless", number="")
    deliver(tmp_path, [split(task_arn("1"), "2026-11-02", "0.10")])
    with pytest.raises(CommandError, match="Nameless has no account number"):
        run(tmp_path, "--account", nameless.name)
    elsewhere = make.account(name="Elsewhere", region="eu-west-1")
    assert "No costs of tasks in the portal's accounts" in run(tmp_path, "--account", elsewhere.name)


TASKS = st.tuples(
    st.sampled_from(["1", "2", "3", "other"]),
    st.integers(1, 30),
    st.integers(0, 10**12),
    st.integers(0, 10**12),
    st.booleans(),
)


@pytest.mark.long
@examples(30)
@given(st.lists(TASKS, max_size=12), st.integers(0, 12))
def test_totals_by_any_grouping_agree_with_the_sum_of_the_files(rows, cut):
    account = make.account()
    past.rates()
    submission = make.submission(make.member(), account)
    arns = {name: task_arn(f"{account.pk}-{name}") for name in ("1", "2", "3", "other")}
    first, second = (
        past.job(submission, "2026-11-03", 1, tags=tags) for tags in ({"Project": "A"}, {"Project": "B"})
    )
    JobTask.objects.add([(first.pk, arns["1"]), (first.pk, arns["2"]), (second.pk, arns["3"])])
    lines = [
        split(arns[task], f"2026-11-{day:02}", f"{exact_sum.usd(units):f}", f"{exact_sum.usd(idle):f}")
        if is_ec2
        else fargate(arns[task], f"2026-11-{day:02}", f"{exact_sum.usd(units):f}")
        for task, day, units, idle, is_ec2 in rows
    ]
    parts = [cost_exports.file(cost_exports.content(part)) for part in (lines[:cut], lines[cut:])]
    files = [ExportFile(f"b-0000{n}.csv.gz", part.changed_at, part.open) for n, part in enumerate(parts, start=1)]
    imported = import_delivery(ExportDelivery("b", files), [account])

    units = sum(row[2] for row in rows)
    idle = sum(row[3] for row in rows if row[4])
    if not rows:
        assert imported is None
        return
    sums: Counter[tuple[str, str]] = Counter()
    idle_sums: Counter[tuple[str, str]] = Counter()
    for total in ActualTotal.objects.filter(delivery__account=account).select_related("group"):
        kind = (total.group.kind, total.group.key) if total.group else ("none", "")
        sums[kind] += total.usd_units
        idle_sums[kind] += total.idle_units
    assert sums["", ""] + sums["none", ""] == units
    assert idle_sums["", ""] + idle_sums["none", ""] == idle
    for attribute in ("account", "queue", "definition", "person"):
        assert (sums[attribute, ""], idle_sums[attribute, ""]) == (sums["", ""], idle_sums["", ""])
    assert sums["tag", "Project"] == sums["tag-key", "Project"] == sums["", ""]
    job_costs = list(ActualJobCost.objects.filter(delivery__account=account))
    assert sum(row.usd_units for row in job_costs) == sums["", ""]
    assert imported
    (costs,) = imported.accounts
    assert costs.allocated + costs.unallocated == units
