import pytest

from jobs import actions
from jobs.reports import options
from jobs.spec.rules.queue import QueueFacts, queue_has_platform
from jobs.web.builder import queue_notes
from tests import make

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("platform", "name"),
    [
        ("ECS", "EC2"),
        ("ECS_FARGATE", "Fargate"),
        ("EKS", "EKS"),
        ("SAGEMAKER_TRAINING", "SageMaker training"),
        ("OF_TOMORROW", "OF_TOMORROW"),
    ],
)
def test_a_platform_has_one_name_in_the_choice_of_queues_beside_it_and_in_messages(platform: str, name: str) -> None:
    member = make.member()
    queue = make.queue("cpu", teams=(member.team,), platform=platform)
    make.revision(of=member.team, where=queue.account)
    result = actions.validate('{"jobName": "a", "jobQueue": "cpu", "jobDefinition": "hello"}', member)
    [choice], _ = options.queue_choices(member.team)

    assert (queue.platform_name, choice.note) == (name, name)
    assert queue_notes.queue_notes(result)["queue"].startswith(f"Runs jobs on {name}")
    for problem in queue_has_platform(make.document(), QueueFacts(platform=platform)):
        assert f"the queue runs jobs on {name};" in problem.message
