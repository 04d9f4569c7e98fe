"""`python -m tests.chaos.ground URL QUARANTINE RATE`: tables, a team with its people, and two definitions.

Prints what a caller needs, as JSON.
"""

import json
import sys

import django

from tests.chaos.caller import definition

# `scratch` is the sandbox's image whose jobs end at once and are no processes.
DEFINITIONS = {
    "quick": definition("quick", "true"),
    "long": definition("long", "sleep", "600"),
    "nothing": definition("nothing", "nothing", image="scratch"),
}


def prepare(url: str, quarantine: int, rate: int) -> dict[str, str]:
    from django.core.management import call_command

    from jobs.dispatch.registration import register_due
    from jobs.models import ApiToken, Definition, Queue, QueueGrant, Registration, Revision
    from jobs.models.token import digest, new_secret
    from jobs.spec.normalize import fingerprint
    from jobs.sync.queues import sync_queues
    from tests import make

    call_command("migrate", verbosity=0)
    team = make.team("chaos")
    account = make.account(
        endpoint_url=url, quarantine_seconds=quarantine, submits_per_second=rate, poll_seconds=1, name="Sandbox"
    )
    sync_queues(account)
    queue = Queue.objects.get(account=account, name="cpu-job-queue")
    QueueGrant.objects.create(team=team, queue=queue, is_default=True)
    told = {}
    for role in ("analyst", "lead"):
        member, secret = make.member(team, role), new_secret()
        ApiToken.objects.create(team=team, person=member.user, name=role, prefix=secret[:12], digest=digest(secret))
        told[role] = secret
    for name, document in DEFINITIONS.items():
        Revision.objects.create(
            definition=Definition.objects.create(account=account, name=name, team=team),
            document=document,
            fingerprint=fingerprint(document),
            registration=Registration.ACCEPTED,
        )
    if register_due(account) != len(DEFINITIONS):
        raise RuntimeError("The sandbox did not take the definitions.")
    return told


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(prepare(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
