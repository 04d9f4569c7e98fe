"""Cost exports in S3, read over HTTP from a small server in place of S3."""

from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils.timezone import now

from jobs import tasks
from jobs.models import AccountStatus, ActualDelivery, ActualJobCost, JobTask
from jobs.periodic import enqueue_cost_imports
from jobs.reports.iam_policies import minimal_policy
from tests import http_wire, make
from tests.cost_exports import content, split, task_arn
from tests.reports import past

pytestmark = pytest.mark.django_db

EXPORT = "s3://billing/portal/costs/data"
NOVEMBER, DECEMBER = (f"portal/costs/data/BILLING_PERIOD=2026-{month}/costs-00001.csv.gz" for month in (11, 12))


@contextmanager
def bucket(files, *, missing=()):
    """Files by key, with the hour of November 9 at which they were delivered, listed one on a page."""

    def answer(handler):
        address = urlsplit(handler.path)
        query = parse_qs(address.query)
        if "list-type" not in query:
            key = unquote(address.path).removeprefix("/billing/")
            return send(handler, 404 if key in missing else 200, files[key][1])
        assert (address.path.strip("/"), query["prefix"]) == ("billing", ["portal/costs/data/"])
        keys = sorted(files)
        number = int(query.get("continuation-token", ["0"])[0])
        more = number + 1 < len(keys)
        entry = (
            f"<Key>{keys[number]}</Key><LastModified>2026-11-09T{files[keys[number]][0]:02}:00:00.000Z</LastModified>"
        )
        token = f"<NextContinuationToken>{number + 1}</NextContinuationToken>" if more else ""
        text = (
            f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}"
            f"<Contents>{entry}<Size>1</Size></Contents></ListBucketResult>"
        )
        return send(handler, 200, text.encode())

    def send(handler, status, body):
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    with http_wire.wire(answer) as server:
        yield server


def account_of(server):
    return make.account(name="Main", endpoint_url=server.url, cost_export=EXPORT)


def job_of(account):
    past.rates()
    job = past.job(make.submission(make.member(), account), "2026-11-03", 1)
    JobTask.objects.add([(job.pk, task_arn("1"))])
    return job


def rows(day, usd="0.10"):
    return content([split(task_arn("1"), day, usd)])


def run(*arguments):
    out = StringIO()
    call_command("import_actual_costs", *arguments, stdout=out)
    return out.getvalue()


def downloads(server):
    return [path for path in server.paths() if "list-type" not in path]


def test_an_export_in_s3_is_imported_once_for_each_delivery():
    files = {NOVEMBER: (5, rows("2026-11-03")), DECEMBER: (6, rows("2026-12-01", "0.20"))}
    files["portal/costs/data/notes.txt"] = (1, b"")
    with bucket(files) as server:
        job = job_of(account_of(server))
        assert "$0.10 allocated" in run("--account", "Main")
        assert len(downloads(server)) == 2
        assert "Nothing new in s3://billing" in run("--account", "Main")
        assert len(downloads(server)) == 2

        files[NOVEMBER] = (7, rows("2026-11-03", "0.07"))
        run("--account", "Main")
        assert len(downloads(server)) == 3
    costs = ActualJobCost.objects.filter(job=job).order_by("delivery__month").values_list("usd_units", flat=True)
    assert list(costs) == [700_000_000, 2_000_000_000]


def test_the_task_notes_on_the_account_why_an_export_was_not_read():
    files = {NOVEMBER: (5, b"not gzip"), DECEMBER: (6, rows("2026-12-01"))}
    with bucket(files) as server:
        account = account_of(server)
        job_of(account)
        tasks.import_costs(account.pk)
        status = AccountStatus.objects.get(account=account)
        assert status.costs_error.startswith("BILLING_PERIOD=2026-11/costs-00001.csv.gz, row 1: the file is damaged")
        assert [str(row.month) for row in ActualDelivery.objects.all()] == ["2026-12-01"]

        files[NOVEMBER] = (5, rows("2026-11-03"))
        tasks.import_costs(account.pk)
    status.refresh_from_db()
    assert status.costs_error == ""
    assert ActualDelivery.objects.count() == 2


def test_a_file_that_s3_does_not_give_is_said():
    with bucket({NOVEMBER: (5, rows("2026-11-03"))}, missing=[NOVEMBER]) as server:
        job_of(account_of(server))
        with pytest.raises(CommandError, match="Nothing of that delivery"):
            run("--account", "Main")
    assert not ActualDelivery.objects.exists()


@pytest.mark.parametrize(("hours", "is_due"), [(None, True), (5, False), (7, True)])
def test_an_export_is_due_every_six_hours(enqueued, django_capture_on_commit_callbacks, hours, is_due):
    account = make.account(cost_export=EXPORT)
    account.status.costs_read_at = now() - timedelta(hours=hours) if hours else None
    with django_capture_on_commit_callbacks(execute=True):
        enqueue_cost_imports(account)
        enqueue_cost_imports(make.account(region="eu-west-1"))
    assert enqueued == (["import_costs"] if is_due else [])


@pytest.mark.parametrize("address", ["s3://billing", "https://billing/portal/costs/data", "s3://billing/a b/data"])
def test_only_the_folder_of_an_export_is_read(address):
    account = make.account()
    account.cost_export = address
    with pytest.raises(ValidationError, match="Enter the folder"):
        account.full_clean()
    account.cost_export, account.number = EXPORT, ""
    with pytest.raises(ValidationError, match="Enter the account number too"):
        account.full_clean()


def test_the_policy_of_the_account_lets_the_portal_read_the_export_and_no_more():
    statements = {row["Sid"]: row for row in minimal_policy(make.account(cost_export=EXPORT))["Statement"]}
    assert statements["CostExport"]["Resource"] == "arn:aws:s3:::billing/portal/costs/data/*"
    assert statements["ListCostExport"]["Condition"] == {"StringLike": {"s3:prefix": "portal/costs/data/*"}}
    assert "CostExport" not in {row["Sid"] for row in minimal_policy(make.account(region="eu-west-1"))["Statement"]}


def test_without_folder_and_export_the_command_says_what_it_needs():
    make.account(name="Main")
    for arguments, problem in (((), "Name a folder, or an account"), (("--account", "Main"), "has no cost export")):
        with pytest.raises(CommandError, match=problem):
            run(*arguments)
