"""Mutants of ownership: each condition on a lease, an epoch or a claim of a job, revision, mail or the clock."""

from scripts.mutants.source import SourceMutant, mutants_of

ALWAYS = "~Q(pk=None)"

BOOK = ("tests/dispatch/test_delivery_log.py",)
CLAIMS = ("tests/dispatch/test_claim.py",)
ONE_BY_ONE = ("tests/dispatch/test_delivery.py",)
HOLDING = ("tests/dispatch/test_holding.py",)
ORDER = ("tests/dispatch/test_order.py",)
REGISTRATION = ("tests/dispatch/test_registration.py",)
WITHOUT_DATABASE = ("tests/dispatch/test_without_database.py",)
UNKNOWN = ("tests/sync/test_reconcile.py",)
SWEEP = ("tests/sync/test_compare.py", "tests/sync/test_rebuilt_jobs.py")
CHILDREN = tuple(
    f"tests/sync/test_array_children.py::test_{each}"
    for each in (
        "whoever_looks_all_the_time_does_not_have_aws_asked_all_the_time",
        "children_are_read_again_after_a_while_or_when_their_parent_has_ended",
        "the_failed_children_of_an_array_are_read_once_after_its_end",
    )
)  # another test reads ten thousand
FAILED_CHILDREN = tuple(
    f"tests/sync/test_array_children.py::test_{each}"
    for each in (
        "an_array_stays_due_if_aws_fails_while_its_page_has_its_children_read",
        "children_that_aws_counts_as_failed_and_does_not_list_are_read_too",
        "a_failed_child_that_aws_does_not_describe_is_asked_about_for_some_minutes",
    )
)
MAIL = ("tests/test_mail.py",)
SCHEDULE = ("tests/test_periodic.py",)
CALLS = ("tests/test_account_calls.py",)
STOP = ("tests/actions/test_stop.py",)
LOG_COPIES = tuple(
    f"tests/reports/test_log_copies.py::test_{each}"
    for each in ("while_one_request_reads_others_take_what_is_there", "a_page_that_two_requests_read_is_kept_once")
)

FREE = "unleased = Q(lease_until=None) | Q(lease_until__lt=current_time)"
RESTED = "due = Q(next_try_at=None) | Q(next_try_at__lte=current_time)"
HERE = "unchanged = Q(pk=self.pk, delivery=self.delivery, epoch=self.epoch)"
JOBS = (
    *mutants_of(
        "jobs/models/job.py",
        CLAIMS,
        ("job: nobody's, or its lease has lapsed", FREE, f"unleased = {ALWAYS}"),
        ("job: nobody's", "unleased = Q(lease_until=None) | Q(", "unleased = Q("),
        ("job: a lapsed lease", FREE, "unleased = Q(lease_until=None)"),
        ("job: it has rested", RESTED, f"due = {ALWAYS}"),
        ("job: one that was never tried has", "due = Q(next_try_at=None) | Q(", "due = Q("),
        ("job: its rest is over", RESTED, "due = Q(next_try_at=None)"),
        (
            "job: accepted",
            "self.filter(unleased, due, delivery=Delivery.ACCEPTED)",
            "self.filter(unleased, due)",
        ),
        (
            "job: those that may go keep nobody waiting",
            "return self.undelivered().exclude(",
            "return self.exclude(",
        ),
        ("job.advance: as the copy has it", HERE, "unchanged = Q(pk=self.pk, epoch=self.epoch)"),
        ("job.advance: in the copy's turn", HERE, "unchanged = Q(pk=self.pk, delivery=self.delivery)"),
    ),
    *mutants_of(
        "jobs/models/job.py",
        HOLDING,
        ("job.advance: on its condition", "filter(unchanged, only_if or Q())", "filter(unchanged)"),
        ("job.put_back: unless it was stopped", "only_if=~stop_requested, ", ""),
    ),
    *mutants_of(
        "jobs/models/job.py",
        UNKNOWN,
        (
            "unknown: sent, perhaps",
            "self.filter(delivery=Delivery.SENDING, lease_until__lt=now())",
            "self.filter(lease_until__lt=now())",
        ),
        (
            "unknown: its lease has lapsed",
            "self.filter(delivery=Delivery.SENDING, lease_until__lt=now())",
            "self.filter(delivery=Delivery.SENDING)",
        ),
    ),
)

TAKING = "jobs/dispatch/claim.py"
TAKE = (
    *mutants_of(
        TAKING,
        CLAIMS,
        (
            "take: only what may be taken",
            "Job.objects.filter(pk__in=candidate_ids).undelivered()",
            "Job.objects.filter(pk__in=candidate_ids)",
        ),
        (
            "take: read back before the commit",
            "    with transaction.atomic():\n        free",
            "    if True:\n        free",
        ),
        ("take: for a while", "filter(pk__in=ids).update(lease_until=now() + LEASE, ", "filter(pk__in=ids).update("),
        (
            "take: a turn of its own",
            'update(lease_until=now() + LEASE, epoch=F("epoch") + 1)',
            "update(lease_until=now() + LEASE)",
        ),
    ),
    *mutants_of(
        TAKING,
        WITHOUT_DATABASE,
        ("let go: what is still ours", "filter(pk=job.pk, epoch=job.epoch)\n", "filter(pk=job.pk)\n"),
        (
            "let go: what was not marked is free",
            "rows.filter(delivery=Delivery.ACCEPTED).update(lease_until=None)",
            "pass",
        ),
        (
            "let go: what was marked is looked for",
            "rows.filter(delivery=Delivery.SENDING).update(lease_until=now())",
            "pass",
        ),
    ),
    *mutants_of(
        TAKING,
        HOLDING,
        (
            "vanished: a job that lapsed goes alone",
            "return job.lease_until is not None or job.lost_workers > 0",
            "return job.lost_workers > 0",
        ),
        (
            "vanished: later too",
            "return job.lease_until is not None or job.lost_workers > 0",
            "return job.lease_until is not None",
        ),
        ("vanished: who vanished is counted", 'update(lost_workers=F("lost_workers") + 1)', "count()"),
        ("vanished: too many hold a job", "if job.lost_workers < MAX_LOST_WORKERS:", "if True:"),
    ),
    *mutants_of(
        TAKING,
        ORDER,
        (
            "vanished: only whose lease lapsed",
            "[job.pk for job in leasable if job.lease_until]",
            "[job.pk for job in leasable]",
        ),
    ),
)

BOOKS = (
    *mutants_of(
        "jobs/dispatch/delivery_log.py",
        BOOK,
        (
            "delivery_log: in the copy's turn",
            "if job.pk in rows and rows[job.pk].epoch == job.epoch}",
            "if job.pk in rows}",
        ),
        (
            "delivery_log: an intent within the lease",
            "row.lease_until is not None and row.lease_until > current_time",
            "row.lease_until is not None",
        ),
        (
            "delivery_log: an intent with a lease",
            "is_leased = row.lease_until is not None and row.lease_until > current_time",
            "is_leased = row.lease_until is None or row.lease_until > current_time",
        ),
        (
            "delivery_log: an intent for what was accepted",
            "is_leased and row.delivery == Delivery.ACCEPTED and",
            "is_leased and",
        ),
        (
            "delivery_log: no intent for what was stopped",
            " and row.stop_requested_at is None",
            "",
        ),
        (
            "delivery_log: an intent begins a lease",
            '        "lease_until": current_time + LEASE,\n',
            "",
        ),
        ("delivery_log: an intent begins the quarantine", '        "sent_at": current_time,\n', ""),
        (
            "delivery_log: an id for what was sent",
            " if owned_rows[pk].delivery == Delivery.SENDING\n",
            "\n",
        ),
    ),
)

UNCLEAR = "Job.objects.filter(pk=job.pk, delivery=Delivery.SENDING, epoch=job.epoch).update("
SEND = (
    *mutants_of(
        "jobs/dispatch/delivery.py",
        CLAIMS,
        ("send: in one's own turn", "    if job.delivery != Delivery.ACCEPTED:\n", "    if False:\n"),
        ("send: with an intent", "    if intent is None:\n", "    if False:\n"),
        ("send: unclear, and settled meanwhile", UNCLEAR, UNCLEAR.replace("delivery=Delivery.SENDING, ", "")),
        ("send: unclear, and another's meanwhile", UNCLEAR, UNCLEAR.replace(", epoch=job.epoch", "")),
    ),
    *mutants_of(
        "jobs/dispatch/delivery.py",
        ONE_BY_ONE,
        ("send: looked for before a second try", "    if job.epoch > 1:\n", "    if False:\n"),
        (
            "send: no answer is no absence",
            "        job.requeue(note, source=SOURCE)\n        return True\n",
            "        return False\n",
        ),
        (
            "send: what was found is adopted",
            "    if batch_ids:\n        job.adopt(",
            "    if not batch_ids:\n        job.adopt(",
        ),
    ),
    *mutants_of(
        "jobs/dispatch/delivery.py",
        ("tests/dispatch/test_withdrawn.py",),
        ("send: what is still allowed", "    if _refuse_if_forbidden(job, grants):\n", "    if False:\n"),
    ),
)

REGISTER_DUE = "    free = Q(lease_until=None) | Q(lease_until__lt=now())\n    waiting = "
REGISTER = "    free = Q(lease_until=None) | Q(lease_until__lt=current_time)\n    claim = "
DEREGISTER_DUE = "    free = Q(lease_until=None) | Q(lease_until__lt=now())\n    due = "
NEVER, LAPSED = "Q(lease_until=None) | ", " | Q(lease_until__lt=now())"
REVISIONS = mutants_of(
    "jobs/dispatch/registration.py",
    REGISTRATION,
    ("register_due: nobody's, or lapsed", REGISTER_DUE, f"    free = {ALWAYS}\n    waiting = "),
    ("register_due: nobody's", REGISTER_DUE, REGISTER_DUE.replace(NEVER, "")),
    ("register_due: lapsed", REGISTER_DUE, REGISTER_DUE.replace(LAPSED, "")),
    ("register: nobody's, or lapsed", REGISTER, f"    free = {ALWAYS}\n    claim = "),
    ("register: nobody's", REGISTER, REGISTER.replace(NEVER, "")),
    ("register: lapsed", REGISTER, REGISTER.replace(" | Q(lease_until__lt=current_time)", "")),
    (
        "register: not yet answered",
        "Revision.objects.pending_registration().filter(free, pk",
        "Revision.objects.filter(free, pk",
    ),
    (
        "register: by one only",
        "    if not claim.update(lease_until=current_time + LEASE, sent_at=current_time):",
        "    if not claim.update(sent_at=current_time):",
    ),
    (
        "register: looked for before a second try",
        "_find_lost_registration(revision) if revision.sent_at else",
        "None if True else",
    ),
    (
        "register: an answer for what waits for one",
        "return Revision.objects.pending_registration().filter(pk=revision.pk)",
        "return Revision.objects.filter(pk=revision.pk)",
    ),
    ("deregister_due: nobody's, or lapsed", DEREGISTER_DUE, f"    free = {ALWAYS}\n    due = "),
    ("deregister_due: nobody's", DEREGISTER_DUE, DEREGISTER_DUE.replace(NEVER, "")),
    ("deregister_due: lapsed", DEREGISTER_DUE, DEREGISTER_DUE.replace(LAPSED, "")),
)

MINE = "available = Q(owner=owner) | Q(until__lt=current_time)"
CLOCK = (
    *mutants_of(
        "jobs/models/lease.py",
        SCHEDULE,
        ("lease: one's own, or lapsed", "filter(available, name=name)", "filter(name=name)"),
        ("lease: one's own", MINE, "available = Q(until__lt=current_time)"),
        ("lease: lapsed", MINE, "available = Q(owner=owner)"),
        ("lease: of that name", "filter(available, name=name)", "filter(available)"),
        (
            "lease: of two at once one is first",
            "        except IntegrityError:\n            return False",
            "        except IntegrityError:\n            return True",
        ),
        ("lease.release: one's own", "filter(name=name, owner=owner).delete()", "filter(name=name).delete()"),
        ("lease.release: of that name", "filter(name=name, owner=owner).delete()", "filter(owner=owner).delete()"),
        ("lease: kept by the wall clock", "timedelta() <= current_time - acquired_at < third and ", ""),
        ("lease: kept by the monotonic clock", " and seconds - acquired_seconds < third.total_seconds()", ""),
    ),
    *mutants_of(
        "jobs/management/commands/clock.py",
        SCHEDULE,
        ("clock: works by its lease", "if lease.keep():", "if True:"),
        ("clock: gives it up at its end", "        lease.release()\n", ""),
    ),
)

STALE = (
    "stale = (\n"
    "        Q(children_read_at=None)\n"
    "        | Q(children_read_at__lt=current_time - freshness)\n"
    '        | Q(children_read_at__lt=F("ended_at"))\n'
    "    )"
)
UNREAD = 'Q(children_read_at=None) | Q(children_read_at__lt=F("ended_at"))'
READ = (
    *mutants_of(
        "jobs/sync/array_children.py",
        CHILDREN,
        ("children: when it is time", STALE, f"stale = {ALWAYS}"),
        ("children: never read", STALE, STALE.replace("Q(children_read_at=None)\n        | ", "")),
        (
            "children: read long ago",
            STALE,
            STALE.replace("        | Q(children_read_at__lt=current_time - freshness)\n", ""),
        ),
        (
            "children: their parent has ended",
            STALE,
            STALE.replace('        | Q(children_read_at__lt=F("ended_at"))\n', ""),
        ),
        ("children: by one only", "not indexes or not _claim_read(job, freshness)", "not indexes"),
    ),
    *mutants_of(
        "jobs/sync/array_children.py",
        FAILED_CHILDREN,
        (
            "children: a read that AWS failed is none",
            "update(children_read_at=claim)",
            "update(children_read_at=current_time)",
        ),
        (
            "children: as many failures as AWS counts",
            "if _has_all_failures(job) or started_at",
            "if True or started_at",
        ),
        ("children: failures that no list names", "if not _has_all_failures(job):", "if False:"),
    ),
    *mutants_of(
        "jobs/models/job.py",
        CHILDREN,
        ("failed children: once", UNREAD, ALWAYS),
        ("failed children: never read", UNREAD, UNREAD.replace("Q(children_read_at=None) | ", "")),
        (
            "failed children: not since the end",
            UNREAD,
            UNREAD.replace(' | Q(children_read_at__lt=F("ended_at"))', ""),
        ),
    ),
    *mutants_of(
        "jobs/models/array_reruns.py",
        ("tests/actions/test_rerun_indexes.py",),
        ("reruns: children never read", "job.children_read_at is None or ", ""),
        ("reruns: not since the end", " or job.children_read_at < job.ended_at", ""),
        (
            "reruns: unread children of an array that was stopped",
            "_STATES_WITH_FAILURES = (State.FAILED, State.STOPPED)",
            "_STATES_WITH_FAILURES = (State.FAILED,)",
        ),
        (
            "reruns: no child runs after its array",
            "(state in FINAL_STATES or job.status.is_live)",
            "True",
        ),
    ),
)

MAILS = (
    *mutants_of(
        "jobs/models/mail.py",
        MAIL,
        (
            "mail: when it is time",
            "self.waiting().filter(try_at__lte=now() - since)",
            "self.waiting()",
        ),
        ("mail: late by so much", "try_at__lte=now() - since", "try_at__lte=now()"),
        ("mail: not given up", "self.filter(failed_at=None)", "self.all()"),
        (
            "mail.claim: only what is due",
            "OutgoingMail.objects.due().filter(pk=self.pk)",
            "OutgoingMail.objects.filter(pk=self.pk)",
        ),
        ("mail.claim: for a while", "update(try_at=now() + lease, ", "update("),
    ),
    *mutants_of(
        "jobs/mail.py",
        MAIL,
        ("mail: by one only", "if mail is None or not mail.claim(LEASE):", "if mail is None:"),
    ),
)

MOVE = "AccountStatus.objects.filter(pk=self.pk, **_breaker_fields(self.breaker))"
TIME = "self.retry_at is not None and now >= self.retry_at"
ACCOUNTS = (
    *mutants_of(
        "jobs/dispatch/rate_limit.py",
        ORDER,
        (
            "rate_limit: of two who take a stretch one is first",
            "row.filter(rate_window_end=previous_end).update",
            "row.update",
        ),
        (
            "rest: of an account without a rate",
            "    row.filter(rate_window_end=None).update(rate_window_end=until)\n",
            "",
        ),
        ("rest: never shorter", "row.filter(rate_window_end__lt=until).update", "row.update"),
        ("rest: longer", "    row.filter(rate_window_end__lt=until).update(rate_window_end=until)\n", ""),
    ),
    *mutants_of(
        "jobs/models/account.py",
        CALLS,
        ("breaker: unless another moved it", MOVE, "AccountStatus.objects.filter(pk=self.pk)"),
    ),
    *mutants_of(
        "jobs/models/circuit_breaker.py",
        ("tests/models/test_circuit_breaker.py",),
        ("breaker: one question when it is time", TIME, "self.retry_at is not None"),
        ("breaker: none while it is shut", TIME, "self.retry_at is None or now >= self.retry_at"),
        ("breaker: nobody else asks meanwhile", "replace(self, retry_at=now + PROBE_TIMEOUT)", "self"),
    ),
    *mutants_of(
        "jobs/account_calls.py",
        CALLS,
        (
            "probe: when it is time",
            "not status.breaker.may_probe(current_time) or not status.update_breaker(",
            "not status.update_breaker(",
        ),
        (
            "probe: by one only",
            " or not status.update_breaker(\n        status.breaker.with_probe_started(current_time)\n    ):",
            (
                " or not (\n        status.update_breaker(status.breaker.with_probe_started(current_time))\n"
                "        or True\n    ):"
            ),
        ),
    ),
    SourceMutant(
        "account_threads: a pass is not begun twice",
        "jobs/account_threads.py",
        "if thread_before is not None and thread_before.is_alive():",
        "if False:",
        ("tests/test_account_threads.py::test_what_still_goes_on_is_not_begun_twice",),
    ),
)

HAND = "is_leased = job.lease_until is not None and job.lease_until > now()"
NEWS = (
    *mutants_of(
        "jobs/sync/compare.py",
        SWEEP,
        ("comparison: left to a living worker", HAND, "is_leased = False"),
        ("comparison: a lapsed lease", HAND, "is_leased = job.lease_until is not None"),
        (
            "comparison: only what is being sent",
            "if job.delivery == Delivery.SENDING and is_leased:",
            "if is_leased:",
        ),
        ("comparison: what was withdrawn is not adopted", "if job.delivery in FINAL_DELIVERIES:", "if False:"),
        ("comparison: what is known is not adopted", "    if job.delivery != Delivery.SENT:\n", "    if True:\n"),
        (
            "comparison: this installation's",
            'tags.get("portal:installation") == settings.INSTALLATION and tags',
            "tags",
        ),
        ("comparison: that job's", ' and tags.get("portal:job") == job.text_id', ""),
        (
            "comparison: no row for what is another's",
            "[observation for observation in observations if outside.is_own(observation)]",
            "list(observations)",
        ),
    ),
    *mutants_of(
        "jobs/sync/compare.py",
        ("tests/sync/test_outside.py",),
        (
            "outside: no job with a marker of ours",
            "        else:\n            other_ids.append(summary.batch_id)",
            "        other_ids.append(summary.batch_id)",
        ),
    ),
    *mutants_of(
        "jobs/sync/outside.py",
        ("tests/sync/test_outside.py",),
        ("outside: no job with a tag of ours", " if not is_own(observation)]", "]"),
    ),
    *mutants_of(
        "jobs/sync/apply.py",
        ("tests/sync/test_apply.py",),
        (
            "news: as the copy has it",
            "if current_progress.get(update.job.pk) == update.previous_progress]",
            "if update.job.pk in current_progress]",
        ),
        ("news: of what has not ended", ".exclude(state__in=FINAL_STATES)\n        rows", "\n        rows"),
        ("news: of what was sent", "Job.objects.filter(delivery=Delivery.SENT).exclude", "Job.objects.exclude"),
        ("news: no older than what is known", "    if progress < previous:\n", "    if False:\n"),
    ),
    *mutants_of(
        "jobs/sync/poll.py",
        ("tests/sync/test_poll.py",),
        ("poll: what no other worker polls", "if due_rows.filter(unclaimed).update", "if due_rows.update"),
        ("poll: a missing job that became due", "(pk=job.pk, next_poll_at=job.next_poll_at)", "(pk=job.pk)"),
        ("poll: within its pass", "in iterate_within(range(MAX_CALLS), MAX_RUN_SECONDS):", "in range(MAX_CALLS):"),
    ),
    *mutants_of(
        "jobs/pricing/metering.py",
        ("tests/pricing/test_metering.py",),
        (
            "charging: once",
            "uncharged = Job.objects.filter(ended_at__isnull=False, charged_at=None)",
            "uncharged = Job.objects.filter(ended_at__isnull=False)",
        ),
    ),
)

PEOPLE = (
    *mutants_of(
        "jobs/dispatch/stop_request.py",
        STOP,
        (
            "stop: what AWS may have is not withdrawn",
            "filter(stop_requested_at=None, delivery__in=WITHDRAWABLE_DELIVERIES)",
            "filter(stop_requested_at=None)",
        ),
        (
            "stop: once",
            "jobs.filter(stop_requested_at=None, ended_at=None).order_by",
            "jobs.filter(ended_at=None).order_by",
        ),
    ),
    *mutants_of(
        "jobs/actions/job_control.py",
        HOLDING,
        ("release: what is held", "    if job.delivery != Delivery.HELD:\n", "    if False:\n"),
    ),
)

LOG_FREE = "self.filter(Q(lease_until=None) | Q(lease_until__lt=now()))"
LOGS = mutants_of(
    "jobs/models/log_copy.py",
    LOG_COPIES,
    ("log copy: nobody's, or its lease has lapsed", LOG_FREE, "self.all()"),
    ("log copy: nobody's", LOG_FREE, "self.filter(lease_until__lt=now())"),
    ("log copy: a lapsed lease", LOG_FREE, "self.filter(lease_until=None)"),
    ("log copy: as the request has it", "pk=self.pk, line_count=self.line_count, token=self.token)", "pk=self.pk)"),
)

MUTANTS = (*JOBS, *TAKE, *BOOKS, *SEND, *REVISIONS, *CLOCK, *READ, *MAILS, *ACCOUNTS, *NEWS, *PEOPLE, *LOGS)
