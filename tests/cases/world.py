"""The queues and definitions that the cases name."""

import json

from jobs.models import Account, Feature, RoleGrant, Team
from tests import make
from tests.cases import Case

TASK = {
    "name": "a",
    "image": "busybox",
    "essential": True,
    "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "1024"}],
}
DOCUMENTS = {
    # 30 is a job of several containers.
    "train": {
        "jobDefinitionName": "train",
        "type": "container",
        "ecsProperties": {"taskProperties": [{"containers": [TASK]}]},
    }
}
ARN = "arn:aws:batch:us-west-2:123456789012:job-queue/{}"


def add_queues_and_definitions(team: Team, account: Account, case: Case) -> None:
    """Allow a team everything, and give it the queues of the cases and the definitions of this one."""
    team.features = Feature.values
    team.save()
    RoleGrant.objects.create(team=team, pattern="*")
    for name in ("cpu-job-queue", "q"):
        if not account.queues.filter(name=name).exists():
            make.queue(name, of=account, teams=(team,), arn=ARN.format(name), raw={"state": "ENABLED"})
    make.queue("fair-queue", of=account, teams=(team,), raw={"schedulingPolicyArn": "arn:x"})
    if case.definition:
        document = json.loads(case.definition.read_text())
        make.revision(document["jobDefinitionName"], of=team, where=account, document=document)
        return
    for name, number in (("d", 1), ("etl", 3), ("train", 7)):
        for _ in range(number):
            make.revision(name, of=team, where=account, document=DOCUMENTS.get(name))
