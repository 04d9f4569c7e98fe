"""Mutants of bulk actions: each job exactly once, and what has been settled stays."""

from scripts.mutants.source import mutants_of

BULK = ("tests/actions/test_bulk.py",)

MUTANTS = (
    *mutants_of(
        "jobs/actions/bulk.py",
        BULK,
        (
            "bulk: a submission of an earlier try is found",
            "Submission.objects.filter(team=member.team, request_key=item.request_key).first()",
            "Submission.objects.none().first()",
        ),
        (
            "bulk: a stop is settled in its own transaction",
            "    with transaction.atomic():\n        is_stopped = stop(job, member)",
            "    if True:\n        is_stopped = stop(job, member)",
        ),
        (
            "bulk: what is settled stays",
            "BulkItem.objects.filter(pk=item.pk, outcome__in=[ItemOutcome.WAITING, ItemOutcome.CANCELED])",
            "BulkItem.objects.filter(pk=item.pk)",
        ),
        (
            "bulk: what is done counts, though it was canceled meanwhile",
            "outcome__in=[ItemOutcome.WAITING, ItemOutcome.CANCELED])",
            "outcome__in=[ItemOutcome.WAITING])",
        ),
        ("bulk: one worker at a time", "    if not lease.keep():\n        return\n", ""),
        ("bulk: nothing for a deactivated person", "if not action.person.is_active:", "if False:"),
        (
            "bulk: a job is checked when its turn comes",
            "        if reason := _obstacle(BulkKind.RERUN, job, member):",
            '        if reason := "":',
        ),
        ("bulk: only by who started it", "    if action.person_id != user.pk:", "    if False:"),
    ),
    *mutants_of(
        "jobs/models/bulk_action.py",
        BULK,
        (
            "bulk: the same key at each try",
            'f"bulk-{to_text(self.public_id)}"',
            'f"bulk-{to_text(new_id())}"',
        ),
    ),
)
