"""Mutants of the guard against late requests, and of the quarantine before a second attempt."""

from scripts.mutants.source import SourceMutant, mutants_of

SESSION = "jobs/aws/session.py"
DELIVERY = "jobs/dispatch/delivery.py"
RECONCILE = "jobs/sync/reconcile.py"
QUARANTINE = "jobs/models/quarantine.py"

ON_THE_WIRE = ("tests/aws/test_errors.py",)
SENDING = ("tests/dispatch/test_sender.py",)
WITHOUT_DATABASE = ("tests/dispatch/test_without_database.py",)
ORDER = ("tests/dispatch/test_order.py",)
HOLDING = ("tests/dispatch/test_holding.py",)
RECOVERY = ("tests/sync/test_recovery.py",)
CALLS = ("tests/test_account_calls.py",)
ONE_BY_ONE = ("tests/dispatch/test_delivery.py",)
UNKNOWN = ("tests/sync/test_reconcile.py",)
GROUND = ("tests/quickstart/test_checks_database.py::test_a_hasty_account_is_refused_wherever_it_is",)

SINCE = "    since = DualClock()  # before the intent is written: a pause at any step after this counts\n"
INTENT = "    intent = delivery_log.record_intent(job)\n"
GUARD = (
    *mutants_of(
        SESSION,
        ON_THE_WIRE,
        (
            "guard: the time that has passed",
            "self.started is None or self.started.elapsed_seconds() > self.seconds",
            "self.started is None",
        ),
        (
            "guard: a submission without an intent",
            "self.started is None or self.started.elapsed_seconds()",
            "self.started is not None and self.started.elapsed_seconds()",
        ),
        (
            "guard: shut after the submission",
            "        finally:\n            self.started = None",
            "        finally:\n            pass",
        ),
        ("guard: each thread has its own", "class Fence(threading.local):", "class Fence:"),
        (
            "guard: asked before the request leaves",
            'client.meta.events.register("before-send.batch.SubmitJob", fence.check)',
            "pass",
        ),
        (
            "guard: one call is one request",
            '    Purpose.SUBMIT: Config(\n        retries={"mode": "standard", "total_max_attempts": 1},',
            '    Purpose.SUBMIT: Config(\n        retries={"mode": "standard", "total_max_attempts": 3},',
        ),
    ),
    *mutants_of(
        "jobs/aws/errors.py",
        ON_THE_WIRE,
        (
            "guard: what it stops was not sent",
            "ConnectTimeoutError | EndpointConnectionError | FenceError)",
            "ConnectTimeoutError | EndpointConnectionError)",
        ),
    ),
    *mutants_of(
        SESSION,
        HOLDING,
        (
            "guard: the steady clock",
            "max(time.monotonic() - self._steady, time.time() - self._wall)",
            "time.time() - self._wall",
        ),
        (
            "guard: the wall clock",
            "max(time.monotonic() - self._steady, time.time() - self._wall)",
            "time.monotonic() - self._steady",
        ),
        ("guard: the clock that counted more", "max(time.monotonic() - self", "min(time.monotonic() - self"),
    ),
    *mutants_of(
        DELIVERY,
        HOLDING,
        (
            "guard: how long it stays open",
            "fence.open_for(SEND_DEADLINE_SECONDS, since)",
            "fence.open_for(3600.0, since)",
        ),
        (
            "guard: it counts from before the intent",
            f"{SINCE}{INTENT}",
            f"{INTENT}{SINCE}",
        ),
    ),
    *mutants_of(
        DELIVERY,
        RECOVERY,
        (
            "skew: nothing is sent",
            "if is_submission_paused(self.account) or _has_clock_skew(self.account):",
            "if is_submission_paused(self.account):",
        ),
        ("skew: of either sign", "if abs(skew) <= MAX_CLOCK_SKEW_SECONDS:", "if skew <= MAX_CLOCK_SKEW_SECONDS:"),
        ("skew: ahead too", "if abs(skew) <= MAX_CLOCK_SKEW_SECONDS:", "if -skew <= MAX_CLOCK_SKEW_SECONDS:"),
        ("skew: a little is borne", "if abs(skew) <= MAX_CLOCK_SKEW_SECONDS:", "if skew == 0.0:"),
    ),
    *mutants_of(
        SESSION,
        CALLS,
        (
            "skew: read off each answer",
            'client.meta.events.register("after-call.batch", functools.partial(_record_clock_skew, config))',
            "pass",
        ),
    ),
    *mutants_of(
        "jobs/account_calls.py",
        CALLS,
        ("skew: kept on the account", ".update(clock_skew_seconds=skew)", ""),
        ("skew: kept if it changed", "abs(skew - before) >= SKEW_PRECISION_SECONDS", "False"),
    ),
    *mutants_of(
        SESSION,
        SENDING,
        (
            "skew: measured by the sender itself",
            "if purpose in (Purpose.SUBMIT, Purpose.READ):",
            "if purpose is Purpose.READ:",
        ),
    ),
    *mutants_of(
        DELIVERY,
        SENDING,
        ("skew: this machine's counts too", ", clock_skew(account) or 0.0, key=abs)", ", 0.0, key=abs)"),
    ),
)

WHOLE = """\
        SEND_DEADLINE_SECONDS
        + SIGNATURE_LIFETIME_SECONDS
        + MAX_CLOCK_SKEW_SECONDS
        + LISTING_LAG_SECONDS
        + MARGIN_SECONDS
"""
IN_SANDBOX = "round(SEND_DEADLINE_SECONDS + SANDBOX_SIGNATURE_LIFETIME_SECONDS + SANDBOX_MARGIN_SECONDS)"
LENGTH = (
    *(
        SourceMutant(f"quarantine: {part} counts", QUARANTINE, WHOLE, WHOLE.replace(text, ""), GROUND)
        for part, text in (
            ("the guard", "SEND_DEADLINE_SECONDS\n        + "),
            ("the life of a signature", "SIGNATURE_LIFETIME_SECONDS\n        + "),
            ("the skew", "MAX_CLOCK_SKEW_SECONDS\n        + "),
            ("the lag of lists", "LISTING_LAG_SECONDS\n        + "),
            ("the margin", "        + MARGIN_SECONDS\n"),
        )
    ),
    *(
        SourceMutant(f"quarantine in the sandbox: {part} counts", QUARANTINE, IN_SANDBOX, text, GROUND)
        for part, text in (
            ("the guard", "round(SANDBOX_SIGNATURE_LIFETIME_SECONDS + SANDBOX_MARGIN_SECONDS)"),
            ("the life of a signature", "round(SEND_DEADLINE_SECONDS + SANDBOX_MARGIN_SECONDS)"),
            ("the margin", "round(SEND_DEADLINE_SECONDS + SANDBOX_SIGNATURE_LIFETIME_SECONDS)"),
        )
    ),
    SourceMutant(
        "quarantine: none shorter is saved",
        "jobs/models/account.py",
        "if (self.quarantine_seconds or 0) < self.min_quarantine_seconds:",
        "if False:",
        GROUND,
    ),
    SourceMutant(
        "quarantine: the portal does not start with a shorter one",
        "portal/checks_database.py",
        "if account.quarantine_seconds < account.min_quarantine_seconds",
        "if False",
        GROUND,
    ),
)

LOST = (
    *mutants_of(
        RECONCILE,
        ONE_BY_ONE,
        (
            "quarantine: waited out before a second try",
            "elif job.sent_at and started_at > job.sent_at + timedelta(seconds=account.quarantine_seconds):",
            "elif job.sent_at:",
        ),
        ("quarantine: what is found is adopted", "        if batch_ids:\n", "        if False:\n"),
        (
            "quarantine: no answer is no absence",
            "                break  # the others stay due until AWS responds\n            continue",
            "                break\n            batch_ids = []",
        ),
    ),
    *mutants_of(
        RECONCILE,
        UNKNOWN,
        (
            "quarantine: it ends before the list is asked for",
            "and started_at > job.sent_at",
            "and now() > job.sent_at",
        ),
        (
            "unknown: not in a living worker's hands",
            "Job.objects.filter(due, account=account).in_doubt()",
            'Job.objects.filter(due, account=account, delivery="SENDING")',
        ),
        (
            "unknown: when it is time",
            "    due = Q(next_try_at=None) | Q(next_try_at__lte=now())\n",
            "    due = ~Q(pk=None)\n",
        ),
        ("unknown: at once the first time", "due = Q(next_try_at=None) | Q(", "due = Q("),
        (
            "unknown: again when it was time",
            "due = Q(next_try_at=None) | Q(next_try_at__lte=now())",
            "due = Q(next_try_at=None)",
        ),
        (
            "unknown: a look that finds nothing leaves another's turn alone",
            "delivery=job.delivery, epoch=job.epoch).update(",
            "delivery=job.delivery).update(",
        ),
        (
            "unknown: a look that finds nothing leaves what is settled alone",
            "filter(pk=job.pk, delivery=job.delivery, epoch=job.epoch).update(",
            "filter(pk=job.pk, epoch=job.epoch).update(",
        ),
        (
            "unknown: a worker of an earlier turn is not counted again",
            "job.deliveries.filter(epoch=job.epoch, outcome=",
            "job.deliveries.filter(outcome=",
        ),
    ),
    *mutants_of(
        RECONCILE,
        HOLDING,
        (
            "unknown: a lost answer is no worker's death",
            'job.deliveries.filter(epoch=job.epoch, outcome="").exists()',
            "job.deliveries.filter(epoch=job.epoch).exists()",
        ),
        (
            "unknown: workers that vanish are counted",
            "lost_workers = job.lost_workers + was_removed",
            "lost_workers = was_removed",
        ),
        ("unknown: too many vanished workers hold a job", "if lost_workers >= MAX_LOST_WORKERS:", "if False:"),
        ("unknown: a team that wants to be asked is asked", "if not job.team.resubmit_by_itself:", "if False:"),
    ),
)

CLAIM = "claim_jobs(self.account, limit, is_idle=was_idle)"
SENDER = (
    *mutants_of(
        DELIVERY,
        SENDING,
        (
            "sender: it claims while requests are out",
            "pool.wait_for_room(self.max_waiting // 2)",
            "pool.wait_until_idle()",
        ),
        (
            "sender: it stops when it has to",
            "self.is_open and not _stopping.is_set() and",
            "self.is_open and",
        ),
        (
            "sender: what ends after it looked may make others due",
            "if not jobs and was_idle and not withdrawn_count:",
            "if not jobs and not withdrawn_count:",
        ),
        (
            "sender: a job that lost a worker waits for the requests that are out",
            CLAIM,
            CLAIM.replace("was_idle", "True"),
        ),
        (
            "sender: a restore is noticed while it runs",
            "                if is_submission_paused(self.account) or ",
            "                if (not self.job_count and is_submission_paused(self.account)) or ",
        ),
        (
            "sender: a wrong clock is noticed while it runs",
            " or _has_clock_skew(self.account):",
            " or (not self.job_count and _has_clock_skew(self.account)):",
        ),
        (
            "sender: nothing is claimed beside a job that lost a worker",
            "                if any(job.lost_workers for job in jobs):\n",
            "                if False:\n",
        ),
    ),
    *mutants_of(
        DELIVERY,
        WITHOUT_DATABASE,
        (
            "sender: what lost the database is released while others go on",
            "                self.release_unfinished()\n",
            "",
        ),
        (
            "sender: no job is blamed for what all of them need",
            "        except Exception:\n            self.unfinished_jobs.extend(jobs)\n",
            "        except Exception:\n",
        ),
        (
            "sender: what lost the database is released",
            "            connection.close_if_unusable_or_obsolete()\n            self.unfinished_jobs.append(job)\n",
            "",
        ),
    ),
    *mutants_of(
        DELIVERY,
        ORDER,
        (
            "sender: what was not begun is released",
            "            self.is_open = False\n            self.unfinished_jobs.append(job)\n",
            "            self.is_open = False\n",
        ),
    ),
    *mutants_of(
        "jobs/dispatch/rate_limit.py",
        ORDER,
        (
            "rate: no more than a burst is made up for",
            "max(previous_end, start) if previous_end",
            "previous_end if previous_end",
        ),
        ("rate: none is lost to a short hole", "timedelta(seconds=BURST_SECONDS)", "timedelta(0)"),
    ),
    *mutants_of(
        "jobs/task_queue.py",
        ("tests/test_task_queue.py",),
        (
            "entry: one until its task begins",
            "if not entries.connection.set(_entry_key(task, ids), ",
            "if None is entries.connection.set(_entry_key(task, ids), ",
        ),
        ("entry: one for each account", "-{'-'.join(map(str, ids))}", ""),
        ("entry: not for long if its worker died", "nx=True, ex=ENTRY_SECONDS", "nx=True, ex=3600"),
    ),
    *mutants_of(
        "jobs/management/commands/worker.py",
        ("tests/test_worker.py",),
        (
            "entry: forgotten before its task looks",
            "        forget_entry(job, self.connection)  # before it looks: what comes later is enqueued again\n",
            "",
        ),
        (
            "sender: a worker that stops tells it",
            "signal.signal(signal.SIGTERM, lambda *_: stop_deliveries())",
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        ),
        ("entry: a task that runs is run once more", "            running.is_wanted_again = True\n", ""),
    ),
)

MUTANTS = (*GUARD, *LENGTH, *LOST, *SENDER)
