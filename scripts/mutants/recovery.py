"""Mutants of what is held back after a restore, and of idempotency keys then."""

from scripts.mutants.source import SourceMutant, mutants_of

INCARNATION = "jobs/models/database_generation.py"
ACCEPTANCE = "jobs/actions/submit.py"
RECOVERY = ("tests/sync/test_recovery.py",)
KEYS = ("tests/sync/test_restored_keys.py",)
ACCEPT = ("tests/actions/test_submit.py",)
SWEEP = ("tests/sync/test_compare.py", "tests/sync/test_rebuilt_jobs.py")

NOT_YET = "not_yet = Q(compared_at=None) | Q(compared_at__lt=recovery_deadline(account, since))"
HOLD = (
    *mutants_of(
        "jobs/dispatch/delivery.py",
        RECOVERY,
        (
            "recovery: nothing is sent",
            "if is_submission_paused(self.account) or _has_clock_skew",
            "if _has_clock_skew",
        ),
    ),
    *mutants_of(
        INCARNATION,
        RECOVERY,
        (
            "recovery: an account that was compared is free",
            "return since is not None and queues_to_compare(account, since).exists()",
            "return since is not None",
        ),
        (
            "recovery: an account that was not compared is held",
            "return since is not None and queues_to_compare(account, since).exists()",
            "return False",
        ),
        (
            "recovery: no queue was left out",
            NOT_YET,
            "not_yet = Q(compared_at__lt=recovery_deadline(account, since))",
        ),
        ("recovery: no queue was compared too early", NOT_YET, "not_yet = Q(compared_at=None)"),
        ("recovery: of that account", "filter(not_yet, account=account, removed_at", "filter(not_yet, removed_at"),
        (
            "recovery: queues that are gone keep nobody",
            "filter(not_yet, account=account, removed_at=None)",
            "filter(not_yet, account=account)",
        ),
        (
            "recovery: a quarantine first",
            "return since + timedelta(seconds=account.quarantine_seconds)",
            "return since",
        ),
        ("recovery: a worker notices it", "if token and (mismatch :=", "if False and (mismatch :="),
        (
            "recovery: a crash is none",
            "token in (row.current, row.previous)",
            "token in (row.current,)",
        ),
        ("recovery: another name", "if token and token in (row.current, row.previous):", "if token:"),
        ("recovery: a missing file", "if not token and not _can_write_file():", "if not token:"),
        ("recovery: where no file can be kept", "if not token and not _can_write_file():", "if False:"),
        ("recovery: an empty database beside a name", 'if token else (None, "")', 'if False else (None, "")'),
        (
            "recovery: it lasts until all are compared",
            "since is None or any(",
            "since is None or False and any(",
        ),
        (
            "recovery: one that began meanwhile goes on",
            "DatabaseGeneration.objects.filter(recovering_since=since).update(",
            "DatabaseGeneration.objects.update(",
        ),
        (
            "recovery: accounts that are not used keep nobody",
            "queues_to_compare(account, since).exists() for account in Account.objects.active()",
            "queues_to_compare(account, since).exists() for account in Account.objects.all()",
        ),
    ),
    *mutants_of(
        "jobs/sync/compare.py",
        RECOVERY,
        (
            "recovery: all that AWS still knows",
            "is_complete = queue.compared_at is None or recovering_since() is not None",
            "is_complete = queue.compared_at is None",
        ),
        (
            "recovery: compared again when it is safe",
            "        due |= Q(compared_at__lt=recovery_deadline(account, since))\n",
            "        pass\n",
        ),
    ),
)

LOOK = "filter(Q(request_key=self.key) | Q(key_digest=self.key_digest))"
SAME = "submission.body_digest == self.body_digest if is_recovered else submission.request_hash == self.text_hash"
REBUILD = "if dot and not Submission.objects.filter(team=team, key_digest=key).exists():"
REQUESTS = (
    *mutants_of(
        INCARNATION,
        KEYS,
        (
            "keys: an account that was compared keeps none waiting",
            "for account in accounts if queues_to_compare(account, since).exists()\n",
            "for account in accounts\n",
        ),
        (
            "keys: another team's account keeps none waiting",
            "Account.objects.usable_by(team)",
            "Account.objects.active()",
        ),
        (
            "keys: an account that is not used keeps none waiting",
            "Account.objects.usable_by(team)",
            "Account.objects.filter(queues__grants__team=team).distinct()",
        ),
        (
            "keys: they wait",
            "return (since, max(deadlines)) if deadlines else None",
            "return None",
        ),
    ),
    *mutants_of(
        ACCEPTANCE,
        KEYS,
        ("keys: one of before the restore waits", "if not _is_newer(self.key, since):", "if False:"),
        ("keys: one of after it does not", "if not _is_newer(self.key, since):", "if True:"),
        ("keys: found by the digest", LOOK, "filter(request_key=self.key)"),
        (
            "keys: the document's digest is compared",
            SAME,
            SAME.replace("submission.body_digest == self.body_digest", "True"),
        ),
        (
            "keys: what was found again is known from then on",
            "            Submission.objects.filter(pk=submission.pk).update(**self.fields())\n",
            "",
        ),
    ),
    *mutants_of(
        ACCEPTANCE,
        ACCEPT,
        ("keys: found by the key", LOOK, "filter(pk=None)"),
        ("keys: by its digest only after a restore", SAME, "submission.body_digest == self.body_digest"),
        ("keys: the document is compared", SAME, SAME.replace("submission.request_hash == self.text_hash", "True")),
    ),
    *mutants_of(
        "jobs/models/tag_secret.py",
        KEYS,
        ("keys: a digest of its own for each kind", r'f"{kind}\0{team}\0"', r'f"{team}\0"'),
        ("keys: a digest of its own for each team", r'f"{kind}\0{team}\0"', r'f"{kind}\0"'),
    ),
    *mutants_of(
        "jobs/sync/recovery.py",
        KEYS,
        ("keys: rebuilt with the job", REBUILD, "if False:"),
        ("keys: one submission a key", REBUILD, "if dot:"),
        (
            "keys: a submission of the team's",
            "if existing and existing.team_id == team.pk and existing",
            "if existing and existing",
        ),
        ("keys: a submission of the account's", " and existing.account_id == account.pk:", ":"),
    ),
    SourceMutant(
        "comparison: a row for the job that the name says",
        "jobs/sync/recovery.py",
        'if tags.get("portal:job") != name[-TEXT_LENGTH:] or _parse_public_id(name) is None:',
        "if False:",
        SWEEP,
    ),
    *mutants_of(
        "jobs/actions/idempotency.py",
        KEYS,
        (
            "keys: none for a definition that a submission has",
            "if Submission.objects.filter(Q(request_key=key) | Q(key_digest=digest), team=member.team).exists():",
            "if Submission.objects.filter(request_key=key, team=member.team).exists():",
        ),
    ),
)

REBUILT = (
    *mutants_of(
        "jobs/sync/recovery.py",
        SWEEP,
        (
            "rebuilt: a run of an index",
            "if not steps and (place := _place",
            "if False and (place := _place",
        ),
        ("rebuilt: a step of that name first", "if not steps and (place := _place", "if (place := _place"),
        (
            "rebuilt: of the run of the array before it",
            "array_index=None, public_id__lt=public_id)",
            "array_index=None)",
        ),
        (
            "rebuilt: an earlier run of an index is history",
            '"superseded": first is None}',
            '"superseded": False}',
        ),
        (
            "rebuilt: what was rebuilt before its array joins it",
            "        if may_repeat(job.document, array_job.document):\n",
            "        if False:\n",
        ),
        (
            "rebuilt: an earlier run of a step is history",
            "    if public_id < current.public_id:\n",
            "    if False:\n",
        ),
    ),
    *mutants_of(
        "jobs/sync/compare.py",
        SWEEP,
        ("rebuilt: in the order of time", "in sorted(observations, key=_public_id):", "in observations:"),
    ),
    *mutants_of(
        "jobs/models/array_reruns.py",
        SWEEP,
        ("rebuilt: the last run of an index by time", '.order_by("public_id").only', '.order_by("position").only'),
    ),
)

MUTANTS = (*HOLD, *REQUESTS, *REBUILT)
