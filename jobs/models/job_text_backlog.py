"""Jobs of before the words of jobs were kept: they are read in batches, the newest first, while the portal runs.

A migration could not use the code that finds the words, and would keep the portal waiting.
"""

import time
from collections.abc import Callable
from functools import lru_cache

from django.db import models, transaction

from jobs.models.definition import Revision
from jobs.models.job import Job
from jobs.models.job_text import JobText, collect_words, insert_words
from jobs.spec.documents import FinalDocument
from jobs.spec.effective import merge_tags

BATCH_SIZE = 100
"""Of jobs whose words are written in one transaction. On SQLite all other writers wait for it."""


class JobTextBacklog(models.Model):
    """There is a row while jobs with keys below `below` may have no words."""

    below = models.BigIntegerField()


def has_backlog() -> bool:
    return JobTextBacklog.objects.exists()


def index_backlog(seconds: float) -> bool:
    """Write the words of jobs for about so long. Return whether there are more."""
    stop_at = time.monotonic() + seconds
    document_of = lru_cache(maxsize=1000)(_definition_document)
    while _index_batch(document_of):
        if time.monotonic() >= stop_at:
            return True
    return False


def _index_batch(document_of: Callable[[int], FinalDocument]) -> bool:
    """Return whether there may be more."""
    backlog = JobTextBacklog.objects.first()
    if backlog is None:
        return False
    rows = Job.objects.filter(pk__lt=backlog.below).order_by("-pk").select_related("submission")
    columns = ("public_id", "name", "document", "tags", "team_id", "revision_id", "submission__source")
    jobs = list(rows.only(*columns)[:BATCH_SIZE])
    if not jobs:
        backlog.delete()
        return False
    first = jobs[-1].pk
    with_words = JobText.objects.filter(job__gte=first, job__lt=backlog.below)
    done = set(with_words.values_list("job", flat=True))
    # By their keys: FTS5 writes what it has in memory whenever a key is lower than the one before.
    sources = ((job, document_of(job.revision_id)) for job in reversed(jobs) if job.pk not in done)
    texts = collect_words((job, document, merge_tags(document, {"tags": job.tags})) for job, document in sources)
    with transaction.atomic():
        # Another worker may have been first, and an edit may have written the words of a job meanwhile.
        if JobTextBacklog.objects.filter(pk=backlog.pk, below=backlog.below).update(below=first):
            done = set(with_words.all().values_list("job", flat=True))
            insert_words([text for text in texts if text[0] not in done])
    return True


def _definition_document(revision: int) -> FinalDocument:
    return FinalDocument.of(Revision.objects.values_list("document", flat=True).get(pk=revision))
