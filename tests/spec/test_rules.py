"""Every rule with a sound document, one that breaks it, and the place it points to."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from jobs.spec.documents import Document, DocumentKind, text_at
from jobs.spec.parsing.parser import parse
from jobs.spec.patch import apply_patch
from jobs.spec.placement import EnvironmentFacts
from jobs.spec.problems import Problem, Severity
from jobs.spec.rules import validate
from jobs.spec.rules.problem_limit import MAX_ERRORS, MAX_PROBLEMS, limit_problems
from jobs.spec.rules.queue import QueueFacts
from jobs.spec.rules.registry import REGISTRY
from scripts import write_rules_doc as page
from tests.aws_answers import all_rows
from tests.spec.samples import JOB_ID, definition, step, submission, workflow

JOB_IDS = [f"{JOB_ID[:-2]}{number:02d}" for number in range(21)]

ROLE = "arn:aws:iam::123456789012:role/Job"
PAIR = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
GPU = {"type": "GPU", "value": "1"}
FAIR = QueueFacts(fair_share=True)
FIRST_IN = QueueFacts(fair_share=False)


@dataclass(frozen=True)
class Case:
    """One rule: a document that keeps it, one that breaks it, and where.

    What AWS answers is in the rows of tests/aws_answers. Here is what they can't say: what AWS accepts, the portal's
    own rules, workflows, and a job whose definition or queue is not known.
    """

    rule: str
    good: Document
    bad: Document
    pointer: str
    on: Document | None = None  # the definition of a submission
    queue: QueueFacts | None = None
    beside: frozenset[str] = field(default_factory=frozenset)  # rules that the bad document breaks too

    @property
    def kind(self) -> DocumentKind:
        if "jobs" in self.bad:
            return DocumentKind.WORKFLOW
        return DocumentKind.DEFINITION if "jobDefinitionName" in self.bad else DocumentKind.SUBMISSION

    def judged(self, document: Document) -> list[Problem]:
        definitions = {text_at(document, "jobDefinition") or "greet": self.on} if self.on else None
        queues = {text_at(document, "jobQueue") or "small": self.queue} if self.queue else None
        kind = DocumentKind.WORKFLOW if "jobs" in document else self.kind
        return validate.validate_document(kind, document, definitions, queues)


def fargate(container: Document | None = None, **more: Any) -> Document:
    properties = {"resourceRequirements": PAIR, "executionRoleArn": ROLE, **(container or {})}
    return definition(
        {key: value for key, value in properties.items() if value is not None},
        platformCapabilities=["FARGATE"],
        **more,
    )


def ecs(*containers: Document, **task: Any) -> Document:
    return {
        "jobDefinitionName": "greet",
        "type": "container",
        "ecsProperties": {"taskProperties": [{"containers": list(containers), **task}]},
    }


def eks(container: Document | None = None, pod: Document | None = None, **more: Any) -> Document:
    inside = {"image": "busybox", **(container or {})}
    properties = {"podProperties": {"containers": [inside], **(pod or {})}}
    return {"jobDefinitionName": "greet", "type": "container", "eksProperties": properties, **more}


def nodes(*groups: Document | str, count: int = 4, main: int = 0, **more: Any) -> Document:
    own = [group(entry) if isinstance(entry, str) else entry for entry in groups or ("0:",)]
    properties = {"numNodes": count, "mainNode": main, "nodeRangeProperties": own}
    return {"jobDefinitionName": "greet", "type": "multinode", "nodeProperties": properties, **more}


def group(targets: str, **more: Any) -> Document:
    return {"targetNodes": targets, "container": {"image": "busybox", "vcpus": 1, "memory": 512}, **more}


def efs(
    mounted: bool = True, root: str = "", role: bool = True, encrypted: str = "", **authorization: str
) -> Document:
    volume: Document = {"fileSystemId": "fs-1"}
    if authorization:
        volume["authorizationConfig"] = authorization
    if root:
        volume["rootDirectory"] = root
    if encrypted:
        volume["transitEncryption"] = encrypted
    container: Document = {"volumes": [{"name": "data", "efsVolumeConfiguration": volume}]}
    if mounted:
        container["mountPoints"] = [{"sourceVolume": "data", "containerPath": "/data"}]
    if role:
        container["jobRoleArn"] = ROLE
    return container


def retrying(*rules: Document, attempts: int = 3) -> Document:
    return definition(retryStrategy={"attempts": attempts, "evaluateOnExit": list(rules)})


def override(container: Document, **more: Any) -> Document:
    return submission(containerOverrides=container, **more)


def variable(name: str, value: str) -> Document:
    return {"environment": [{"name": name, "value": value}]}


def size(**sizes: str) -> Document:
    return {"resourceRequirements": [{"type": kind, "value": value} for kind, value in sizes.items()]}


CONDITION = {"job": "b", "after": "a", "when": "failure"}
CONDITIONS = {**workflow(step("a"), step("b")), "conditions": [CONDITION]}
VOLUME = {"name": "data", "host": {"sourcePath": "/data"}}
MOUNT = {"sourceVolume": "data", "containerPath": "/data"}
LAST = {"onReason": "*", "action": "EXIT"}
SPOT = {"onStatusReason": "Host EC2*", "action": "RETRY"}
EFS = "/containerProperties/volumes/0/efsVolumeConfiguration"
MANY = {f"own{number}": "x" for number in range(30)}
OTHERS = {f"other{number}": "x" for number in range(20)}
NAMED = ecs({"image": "busybox", "name": "main"}, {"image": "busybox", "name": "side"})


def task_override(name: str, *command: str) -> Document:
    container = {"name": name, "command": list(command or ("x",))}
    return submission(ecsPropertiesOverride={"taskProperties": [{"containers": [container]}]})


def node_override(**overrides: Any) -> Document:
    return submission(nodeOverrides=overrides)


def group_override(container: Document) -> Document:
    return node_override(nodePropertyOverrides=[{"targetNodes": "0:", "containerOverrides": container}])


def node_task_override(name: str) -> Document:
    task = {"ecsPropertiesOverride": task_override(name)["ecsPropertiesOverride"]}
    return node_override(nodePropertyOverrides=[{"targetNodes": "0:", **task}])


def pod_override(resources: Document, metadata: Document | None = None, **container: Any) -> Document:
    pod: Document = {"containers": [{"name": "main", "resources": resources, **container}]}
    if metadata:
        pod["metadata"] = metadata
    return submission(eksPropertiesOverride={"podProperties": pod})


def pods(targets: str, namespace: str) -> Document:
    return {"targetNodes": targets, "eksProperties": eks(pod={"metadata": {"namespace": namespace}})["eksProperties"]}


def waiting(condition: str | None, on: str = "prep", *, essential: bool = False) -> Document:
    """A task of two containers, of which the first waits for another."""
    dependency = {"containerName": on, **({"condition": condition} if condition else {})}
    main = {"image": "x", "name": "main", "dependsOn": [dependency]}
    return ecs(main, {"image": "x", "name": "prep", "essential": essential})


def windows(container: Document) -> Document:
    return fargate({"runtimePlatform": WINDOWS, **container})


def ulimit(soft: int, hard: int, name: str = "nofile") -> Document:
    return {"ulimits": [{"name": name, "softLimit": soft, "hardLimit": hard}]}


def tmpfs(*options: str) -> Document:
    return {"linuxParameters": {"tmpfs": [{"containerPath": "/x", "size": 1, "mountOptions": list(options)}]}}


TASK = "/ecsProperties/taskProperties/0"
WINDOWS = {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}
WINDOWS_REFUSES = {
    "readonlyRootFilesystem": False, "privileged": False, "user": "nobody",
    "linuxParameters": {"initProcessEnabled": True}, "ulimits": ulimit(1, 1)["ulimits"],
}  # fmt: skip
SECRET = {"name": "A", "valueFrom": "/prod/db"}
BAD_IMAGES = (
    "docker://busybox", "https://hub.docker.com/r/library/busybox", " busybox", "a b", "<account-id>.dkr.ecr/x",
    "${IMAGE}", "{{ image }}", "$IMAGE", "Busybox/Tool", "busybox:",
)  # fmt: skip


CASES = [
    # -- keys and values
    Case("schema.missing-key", submission(), {"jobName": "a", "jobQueue": "q"}, ""),
    Case("schema.unknown-key", submission(), submission(timeOut={}), "/timeOut"),
    Case("schema.wrong-type", definition(), definition({"image": 7}), "/containerProperties/image"),
    Case("schema.unknown-value", definition(), definition(type="containr"), "/type"),
    Case("schema.pattern", submission(), pod_override({}, metadata={"namespace": "kube-system"}),
         "/eksPropertiesOverride/podProperties/metadata/namespace"),
    # -- definitions
    Case("definition.properties", definition(), definition(eksProperties={}), "/eksProperties"),
    # -- platforms
    Case("platform.one", definition(), fargate() | {"platformCapabilities": ["EC2", "FARGATE"]},
         "/platformCapabilities"),
    Case("platform.instance-type", definition(), definition({"instanceType": "m5.xlarge"}),
         "/containerProperties/instanceType"),
    # -- nodes, tasks, pods
    Case("eks.memory", submission(), pod_override({"limits": {"memory": "3Mi"}}),
         "/eksPropertiesOverride/podProperties/containers/0/resources/limits/memory"),
    Case("eks.cpu", submission(), pod_override({"limits": {"cpu": "0.3"}}),
         "/eksPropertiesOverride/podProperties/containers/0/resources/limits/cpu"),
    # -- containers of one task that wait for each other
    Case("ecs.dependency-no-condition", waiting("START"), waiting(None), f"{TASK}/containers/0/dependsOn/0"),
    # -- Windows
    *(Case("windows.not-applicable", windows({}), windows({key: value}), f"/containerProperties/{key}")
      for key, value in WINDOWS_REFUSES.items()),
    Case("values.unknown", fargate(), fargate({"runtimePlatform": {"operatingSystemFamily": "WINDOWS"}}),
         "/containerProperties/runtimePlatform/operatingSystemFamily"),
    # -- roles, users, limits, images
    *(Case("containers.image-reference", definition(), definition({"image": image}), "/containerProperties/image")
      for image in BAD_IMAGES),
    Case("containers.image-reference", eks(), eks({"image": "${IMAGE}"}),
         "/eksProperties/podProperties/containers/0/image"),
    Case("containers.image-reference", submission(), pod_override({}, image="docker://busybox"),
         "/eksPropertiesOverride/podProperties/containers/0/image"),
    # -- sizes
    Case("sizes.legacy-beside-requirement", definition({"resourceRequirements": [GPU], "vcpus": 1, "memory": 4}),
         definition({"vcpus": 1}), "/containerProperties/vcpus"),
    Case("sizes.legacy-override", override(size(VCPU="1")), override({"vcpus": 1}), "/containerOverrides/vcpus"),
    # -- volumes
    Case("volumes.unknown", definition({"volumes": [VOLUME], "mountPoints": [MOUNT]}),
         definition({"volumes": [VOLUME], "mountPoints": [MOUNT, {**MOUNT, "sourceVolume": "dat"}]}),
         "/containerProperties/mountPoints/1/sourceVolume"),
    Case("volumes.unknown", eks(), eks({"volumeMounts": [{"name": "data", "mountPath": "/x"}]}),
         "/eksProperties/podProperties/containers/0/volumeMounts/0/name"),
    Case("volumes.unused", definition({"volumes": [VOLUME], "mountPoints": [MOUNT]}),
         definition({"volumes": [VOLUME]}),
         "/containerProperties/volumes/0"),
    Case("volumes.same-name", definition(), definition({"volumes": [VOLUME, VOLUME], "mountPoints": [MOUNT]}),
         "/containerProperties/volumes/1/name"),
    Case("efs.access-point-encryption", definition(efs(accessPointId="fsap-1", encrypted="ENABLED")),
         definition(efs(accessPointId="fsap-1", encrypted="DISABLED")), f"{EFS}/transitEncryption"),
    # -- parameters
    Case("parameters.outside-command", definition({"command": ["Ref::a"]}, parameters={"a": "x"}),
         definition({"image": "Ref::a"}), "/containerProperties/image"),
    Case("parameters.outside-command", definition(), definition(variable("A", "s3://Ref::a")),
         "/containerProperties/environment/0/value"),
    Case("parameters.inside-text", definition({"command": ["Ref::a"]}, parameters={"a": "x"}),
         definition({"command": ["s3://Ref::a/x"]}), "/containerProperties/command/0"),
    Case("parameters.no-default", definition({"command": ["Ref::a"]}, parameters={"a": "x"}),
         definition({"command": ["x", "Ref::a"]}), "/containerProperties/command/1"),
    Case("containers.no-shell", definition({"command": ["sh", "-c", "echo $NAME"]}),
         definition({"command": ["echo", "$NAME"]}), "/containerProperties/command"),
    Case("parameters.unused", definition({"command": ["Ref::a"]}, parameters={"a": "x"}),
         definition({"command": ["Ref::a"]}, parameters={"a": "x", "b": "y"}), "/parameters/b"),
    Case("parameters.no-value", submission(parameters={"a": "x"}), submission(), "/parameters/a",
         on=definition({"command": ["Ref::a"]})),
    Case("parameters.no-value", override({"command": ["plain"]}), submission(parameters={"b": "x"}), "/parameters/a",
         on=definition({"command": ["Ref::a", "Ref::b"]})),
    Case("parameters.no-value", submission(), override({"command": ["Ref::b"]}), "/parameters/b", on=definition()),
    Case("parameters.no-value", workflow(step("x", parameters={"a": ""})), workflow(step("x", parameters={"a": ""}),
         step("y")), "/jobs/1/parameters/a", on=definition({"command": ["Ref::a"]})),
    Case("parameters.no-value", task_override("a"), task_override("a", "Ref::b"), "/parameters/b",
         on=ecs({"name": "a", "image": "busybox", "command": ["Ref::a"]})),
    Case("parameters.no-value", submission(parameters={"a": "x"}), submission(), "/parameters/a",
         on=eks({"args": ["Ref::a"]})),
    Case("parameters.no-value", group_override({"command": ["x"]}), group_override({"command": ["Ref::b"]}),
         "/parameters/b", on=nodes({"targetNodes": "0:", "container": {"image": "busybox", "command": ["Ref::a"]}})),
    Case("parameters.not-in-command", submission(parameters={"a": "x"}), submission(parameters={"b": "x"}),
         "/parameters/b", on=definition({"command": ["Ref::a"]}, parameters={"a": ""})),
    # -- retries
    Case("retries.no-attempts", workflow(step("a")), workflow(step("a", retryStrategy={})), "/jobs/0/retryStrategy"),
    Case("retries.no-condition", retrying(SPOT, LAST), retrying({"action": "EXIT"}),
         "/retryStrategy/evaluateOnExit/0"),
    Case("retries.never-matches", retrying(SPOT, LAST), retrying(LAST, SPOT), "/retryStrategy/evaluateOnExit/1"),
    Case("retries.never-matches", retrying(SPOT, {**SPOT, "onExitCode": "1"}, LAST)
         | {"retryStrategy": {"attempts": 2, "evaluateOnExit": [{**SPOT, "onExitCode": "1"}, SPOT, LAST]}},
         retrying(SPOT, {**SPOT, "onExitCode": "1"}, LAST), "/retryStrategy/evaluateOnExit/1"),
    Case("retries.never-matches", retrying(LAST), retrying({"onExitCode": "300", "action": "EXIT"}, LAST),
         "/retryStrategy/evaluateOnExit/0/onExitCode"),
    Case("retries.one-attempt", retrying(SPOT, LAST), retrying(SPOT, LAST, attempts=1), "/retryStrategy/attempts"),
    Case("retries.no-catch-all", retrying(SPOT, LAST), retrying(SPOT), "/retryStrategy/evaluateOnExit"),
    # -- names and secrets
    Case("names.variable-of-portal", definition(variable("portal_x", "x")), definition(variable("PORTAL_X", "x")),
         "/containerProperties/environment/0/name"),
    Case("names.variable-twice", definition(variable("A", "1")),
         definition({"environment": [{"name": "A", "value": "1"}] * 2}), "/containerProperties/environment/1"),
    Case("names.tag-of-aws", submission(tags={"a": "b"}), submission(tags={"AWS:a": "b"}), "/tags/AWS:a"),
    Case("names.tag-of-portal", submission(tags={"a": "b"}), submission(tags={"portal:a": "b"}), "/tags/portal:a"),
    Case("names.tag-characters", submission(tags={"a b": "é+-=._:/@"}), submission(tags={"a": "x#"}), "/tags/a"),
    Case("names.tag-characters", definition(tags={"a": ""}), definition(tags={"a\tb": "x"}), "/tags/a\tb"),
    Case("names.tag-characters", workflow(step("a", tags={"a": "b"})), workflow(step("a", tags={"a": "{{ b }}"})),
         "/jobs/0/tags/a"),
    Case("secrets.in-environment", definition(variable("TOKENIZERS_PARALLELISM", "maybe")),
         definition(variable("DB_PASSWORD", "hunter2hunter2")), "/containerProperties/environment/0"),
    Case("secrets.masked-value", definition(variable("DB_PASSWORD", "$DB_PASSWORD")),
         definition(variable("DB_PASSWORD", "••••")), "/containerProperties/environment/0/value"),
    Case("secrets.no-execution-role", definition({"secrets": [SECRET], "executionRoleArn": ROLE}),
         definition({"secrets": [SECRET]}), "/containerProperties/secrets"),
    Case("secrets.no-execution-role", ecs({"image": "x"}), ecs({"image": "x", "logConfiguration": {"logDriver":
         "splunk", "secretOptions": [SECRET]}}), f"{TASK}/containers/0/logConfiguration/secretOptions"),
    Case("secrets.no-execution-role", nodes(), nodes(group("0:", container={"image": "x", "vcpus": 1, "memory": 4,
         "repositoryCredentials": {"credentialsParameter": "x"}})),
         "/nodeProperties/nodeRangeProperties/0/container/repositoryCredentials"),
    *(Case("secrets.reference", definition({"secrets": [SECRET], "executionRoleArn": ROLE}),
           definition({"secrets": [{**SECRET, "valueFrom": reference}], "executionRoleArn": ROLE}),
           "/containerProperties/secrets/0/valueFrom")
      for reference in ("db", "arn:aws:secretsmanager:us-west-2:ACCOUNT:secret:db", "{{ secret }}")),
    # -- submissions
    Case("submission.reference", submission(), submission(dependsOn=[{"jobId": "${a}"}]), "/dependsOn/0/jobId"),
    Case("submission.empty-job-id", submission(), submission(dependsOn=[{"jobId": ""}]), "/dependsOn/0/jobId"),
    Case("dependencies.n-to-n-without-array",
         submission(dependsOn=[{"type": "N_TO_N", "jobId": JOB_ID}], arrayProperties={"size": 2}),
         submission(dependsOn=[{"type": "N_TO_N", "jobId": JOB_ID}]), "/dependsOn/0/type"),
    # -- a submission on its definition
    Case("overrides.other-sort", override({"command": ["x"]}), submission(ecsPropertiesOverride={}),
         "/ecsPropertiesOverride", on=definition()),
    Case("overrides.unknown-container", task_override("main"), task_override("mian"),
         "/ecsPropertiesOverride/taskProperties/0/containers/0/name", on=NAMED),
    Case("overrides.unknown-container", node_task_override("main"), node_task_override("mian"),
         "/nodeOverrides/nodePropertyOverrides/0/ecsPropertiesOverride/taskProperties/0/containers/0/name",
         on=nodes({"targetNodes": "0:", "ecsProperties": NAMED["ecsProperties"]})),
    Case("overrides.no-size", override(size(VCPU="1", MEMORY="4")), override(size(VCPU="1")),
         "/containerOverrides", on=definition({"resourceRequirements": []})),
    Case("overrides.too-many-tags", submission(tags=MANY, propagateTags=False), submission(tags=MANY), "/tags",
         on=definition(propagateTags=True, tags=OTHERS)),
    Case("overrides.instance-type", submission(), override({"instanceType": "m5.large"}),
         "/containerOverrides/instanceType", on=definition()),
    Case("overrides.too-long", override({"command": ["x" * 7_000]}), override({"command": ["x" * 8_200]}),
         "/containerOverrides"),
    Case("overrides.too-long", override(variable("A", "x" * 7_000)), override(variable("A", "x" * 7_700)),
         "/containerOverrides", on=definition()),
    Case("overrides.too-long", submission(parameters={"a": "x" * 7_000}), submission(parameters={"a": "x" * 8_200}),
         "/parameters", on=definition({"command": ["Ref::a"]})),
    Case("overrides.too-long", task_override("main"),
         task_override("main", "Ref::a") | {"parameters": {"a": "x" * 8_000}},
         "/ecsPropertiesOverride/taskProperties/0", on=NAMED),
    Case("overrides.too-long", group_override({"command": ["x"]}), group_override({"command": ["x" * 8_000]}),
         "/nodeOverrides/nodePropertyOverrides/0/containerOverrides", on=nodes()),
    Case("overrides.too-long", submission(eksPropertiesOverride={"podProperties": {"containers": [
         {"command": ["x" * 9_000]}]}}), override({"command": ["é" * 8_000]}), "/containerOverrides"),
    # -- queues
    Case("share.missing", submission(shareIdentifier="a"), submission(), "/jobQueue", queue=FAIR),
    Case("share.not-fair", submission(), submission(shareIdentifier="a"), "/shareIdentifier", queue=FIRST_IN),
    Case("share.priority", submission(), submission(schedulingPriorityOverride=1), "/schedulingPriorityOverride",
         queue=FIRST_IN),
    Case("share.priority-alone", submission(shareIdentifier="a", schedulingPriorityOverride=1),
         submission(schedulingPriorityOverride=1), "/schedulingPriorityOverride"),
    Case("share.priority-alone", submission(schedulingPriorityOverride=1), workflow(step("a",
         schedulingPriorityOverride=1)), "/jobs/0/schedulingPriorityOverride", queue=QueueFacts()),
    Case("share.no-priority", submission(shareIdentifier="a", schedulingPriorityOverride=0),
         submission(shareIdentifier="a"), "/shareIdentifier", on=definition(), queue=FAIR),
    Case("share.no-priority", submission(), submission(shareIdentifier="a"), "/shareIdentifier", on=definition()),
    Case("share.no-priority", workflow(step("a", schedulingPriorityOverride=1)), workflow(step("a"), step("b")),
         "/jobs/0/jobQueue", on=definition(), queue=FAIR),
    # -- workflows
    Case("workflow.sequential-is-plain", submission(dependsOn=[{"jobId": JOB_ID}]),
         submission(dependsOn=[{"jobId": JOB_ID, "type": "SEQUENTIAL"}]), "/dependsOn/0/type"),
    Case("workflow.sequential-of-array",
         submission(dependsOn=[{"jobId": JOB_ID}, {"type": "SEQUENTIAL"}], arrayProperties={"size": 2}),
         submission(dependsOn=[{"jobId": JOB_ID, "type": "SEQUENTIAL"}], arrayProperties={"size": 2}),
         "/dependsOn/0/type"),
    Case("workflow.same-name", workflow(step("a"), step("b")), workflow(step("a"), step("a")), "/jobs/1/jobName"),
    Case("workflow.cycle", workflow(step("a"), step("b", "${a}")), workflow(step("a", "${b}"), step("b", "${a}")),
         "/jobs/0/dependsOn/0/jobId"),
    Case("workflow.condition-step", CONDITIONS, {**CONDITIONS, "conditions": [{**CONDITION, "after": "x"}]},
         "/conditions/0/after"),
    Case("workflow.condition-twice", CONDITIONS, {**CONDITIONS, "conditions": [CONDITION, CONDITION]},
         "/conditions/1"),
    Case("workflow.parameter", workflow(step("a", parameters={"x": "${y}"})),
         workflow(step("a", parameters={"x": "${param.y}"})), "/jobs/0/parameters/x"),
    Case("workflow.too-many-parents", workflow(step("z", *JOB_IDS[:20])), workflow(step("z", *JOB_IDS)),
         "/jobs/0/dependsOn"),
    Case("workflow.many-parents", workflow(*(step(f"p{n}") for n in range(20)),
         step("z", *(f"${{p{n}}}" for n in range(20)))), workflow(*(step(f"p{n}") for n in range(21)),
         step("z", *(f"${{p{n}}}" for n in range(21)))), "/jobs/21/dependsOn"),
    Case("workflow.repeated-dependency", workflow(step("a"), step("b", "${a}")),
         workflow(step("a"), step("b", "${a}", "${a}")), "/jobs/1/dependsOn/1"),
    Case("workflow.n-to-n-without-array", workflow(step("a")), workflow(step("a"), step("b",
         {"jobId": "${a}", "type": "N_TO_N"}, arrayProperties={"size": 2})), "/jobs/1/dependsOn/0/type"),
    Case("workflow.n-to-n-sizes", workflow(step("a")), workflow(step("a", arrayProperties={"size": 3}), step("b",
         {"jobId": "${a}", "type": "N_TO_N"}, arrayProperties={"size": 2})), "/jobs/1/dependsOn/0/type"),
    Case("workflow.unknown-step", workflow(step("a")), workflow(step("aa"), step("b", "${ab}")),
         "/jobs/1/dependsOn/0/jobId"),
    Case("workflow.self-reference", workflow(step("a")), workflow(step("a", "${a}")), "/jobs/0/dependsOn/0/jobId"),
    Case("workflow.empty-reference", workflow(step("a")), workflow(step("a"), step("b", "")),
         "/jobs/1/dependsOn/0/jobId"),
    Case("workflow.reference-in-text", workflow(step("a")), workflow(step("a"), step("b", "${a}:1")),
         "/jobs/1/dependsOn/0/jobId"),
    Case("workflow.bare-name", workflow(step("a")), workflow(step("a"), step("b", "a")), "/jobs/1/dependsOn/0/jobId"),
    Case("workflow.shell-rest", workflow(step("a")), workflow(step("a-x"), step("b", "x")),
         "/jobs/1/dependsOn/0/jobId"),
    Case("workflow.ambiguous-rest", workflow(step("a")), workflow(step("a-x"), step("b-x"), step("c", "x")),
         "/jobs/2/dependsOn/0/jobId"),
    Case("workflow.neither-step-nor-id", workflow(step("a")), workflow(step("a"), step("b", "zzz")),
         "/jobs/1/dependsOn/0/jobId"),
]  # fmt: skip

QUEUE_CASES = [
    ("queue.platform", QueueFacts(platform="ECS"), QueueFacts(platform="ECS_FARGATE")),
    ("queue.service-jobs", QueueFacts(platform="ECS"), QueueFacts(platform="SAGEMAKER_TRAINING")),
    ("queue.nothing-fits", QueueFacts(), QueueFacts(environments=(EnvironmentFacts("off", state="DISABLED"),))),
]

TOLD_ELSEWHERE = {"reading.duplicate-key", "reading.no-document", "reading.unresolved-value", "reading.array-child",
                  "queue.platform",
                  "queue.service-jobs", "queue.nothing-fits", "workflow.too-many-steps",
                  "reading.more-problems"}  # fmt: skip
"""Rules about texts (test_parser.py, test_shell.py), queues and too many problems (below), and the size of a workflow
(reports/test_size.py)."""


def names(cases: list[Case]) -> list[str]:
    return [case.rule for case in cases]


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_a_rule_lets_the_good_pass_and_points_to_the_bad(case: Case) -> None:
    assert case.rule not in [problem.rule for problem in case.judged(case.good)]
    found = [problem for problem in case.judged(case.bad) if problem.rule == case.rule]
    assert [problem.pointer for problem in found][:1] == [case.pointer]
    assert {problem.severity for problem in found} == {REGISTRY[case.rule].severity}
    assert all(problem.message.endswith((".", "?")) and len(problem.message) < 330 for problem in found)


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_a_fix_is_the_end_of_its_problem(case: Case) -> None:
    for problem in case.judged(case.bad):
        if problem.rule == case.rule and problem.fix:
            fixed = case.judged(apply_patch(case.bad, problem.fix))
            assert (problem.rule, problem.pointer) not in [(left.rule, left.pointer) for left in fixed]


@pytest.mark.parametrize("case", [case for case in CASES if case.kind is DocumentKind.SUBMISSION])
def test_a_rule_for_a_job_holds_for_every_step_of_a_workflow(case: Case) -> None:
    document = workflow(step("first"), case.bad)
    found = {(problem.pointer, problem.severity) for problem in case.judged(document)}
    # A workflow has rules of its own for what a jobId can be there.
    assert (f"/jobs/1{case.pointer}", REGISTRY[case.rule].severity) in found


def test_every_rule_has_its_case() -> None:
    in_rows = {row.rule for row in all_rows() if row.rule}
    assert REGISTRY.keys() == {case.rule for case in CASES} | in_rows | TOLD_ELSEWHERE


@pytest.mark.parametrize(("rule", "good", "bad"), QUEUE_CASES)
def test_a_queue_takes_only_what_it_is_for(rule: str, good: QueueFacts, bad: QueueFacts) -> None:
    def problems_for(queue: QueueFacts) -> list[tuple[str, str]]:
        found = validate.validate_document(
            DocumentKind.SUBMISSION, submission(), {"greet": definition()}, {"small": queue}
        )
        return [(problem.rule, problem.pointer) for problem in found]

    assert problems_for(good) == []
    assert (rule, "/jobQueue") in problems_for(bad)


def test_the_page_of_rules_is_what_the_rules_say() -> None:
    assert page.main(["--check"]) == 0


def test_rules_of_steps_and_their_fixes_stand_at_their_place_in_the_workflow() -> None:
    document = workflow(step("a"), step("b", containerOverrides={"vcpus": 2}))
    [problem] = validate.validate_document(DocumentKind.WORKFLOW, document, {"greet": definition()})
    assert (problem.pointer, problem.rule) == ("/jobs/1/containerOverrides/vcpus", "overrides.legacy-loses")
    assert apply_patch(document, problem.fix)["jobs"][1]["containerOverrides"] == size(VCPU="2")


SECRETS = {
    "AWS_KEY": "AKIAIOSFODNN7EXAMPLE",
    "PEM": "-----BEGIN RSA PRIVATE KEY-----\nMIIabc",
    "DATABASE_URL": "postgres://user:hunter2hunter2@db.example/x",
    "OPTIONS": "user=me PASSWORD=hunter2hunter2",
    "DB_PASSWORD": "hunter2hunter2",
    "HF_TOKEN": "hunter2hunter2",
    "API_KEY": "hunter2hunter2",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
}
NO_SECRETS = {
    "TOKENIZERS_PARALLELISM": "false", "MAX_TOKENS": "4096000", "DB_PASSWORD_FILE": "/run/secret",
    "USE_TOKEN": "true",
    "SECRET": "arn:aws:secretsmanager:us-west-2:123456789012:secret:x", "PASSWORD": "", "SORT_KEY": "created",
    "TOKEN": "${TOKEN}", "PASSWORD_HINT": "none", "URL": "https://example.org/a:b",
}  # fmt: skip


@pytest.mark.parametrize("name", SECRETS)
def test_a_likely_secret_is_told_without_being_repeated_and_can_become_a_reference(name: str) -> None:
    document = definition(variable(name, SECRETS[name]))
    [problem] = validate.validate_document(DocumentKind.DEFINITION, document)
    assert problem.rule == "secrets.in-environment"
    assert not any(part in repr(problem) for part in (SECRETS[name], "hunter2", "IOSFODNN7"))
    fixed = apply_patch(document, problem.fix)["containerProperties"]
    assert (fixed["environment"], fixed["secrets"]) == ([], [{"name": name, "valueFrom": f"/greet/{name}"}])
    over = validate.validate_document(DocumentKind.SUBMISSION, override(variable(name, SECRETS[name])))
    assert [(told.rule, told.pointer, told.fix) for told in over] == [
        ("secrets.in-environment", "/containerOverrides/environment/0", ())
    ]


@pytest.mark.parametrize("name", NO_SECRETS)
def test_what_only_resembles_a_secret_is_nothing_to_speak_of(name: str) -> None:
    assert validate.validate_document(DocumentKind.DEFINITION, definition(variable(name, NO_SECRETS[name]))) == []


@pytest.mark.long
def test_a_long_value_costs_no_time() -> None:
    for piece in ("a", "a:", "pass", "://", "-----BEGIN ", "A "):
        validate.validate_document(
            DocumentKind.DEFINITION, definition(variable("X", piece * (500_000 // len(piece))))
        )


def test_what_no_submission_can_change_is_said_so() -> None:
    for key, value in {"image": "x", "jobRoleArn": ROLE, "volumes": [], "privileged": True}.items():
        [problem] = validate.validate_document(DocumentKind.SUBMISSION, override({key: value}))
        assert problem.message.startswith(f"A submission can't change {key};")
        assert apply_patch(override({key: value}), problem.fix) == override({})


def test_a_fargate_pair_is_judged_on_what_definition_and_override_say_together() -> None:
    document = override(size(MEMORY="4000"))
    [problem] = validate.validate_document(DocumentKind.SUBMISSION, document, {"greet": fargate()})
    assert (
        problem.message
        == "Fargate has no task size with 1 vCPU and 4000 MiB; the next larger size is 1 vCPU with 4,096 MiB."
    )
    assert (
        validate.validate_document(DocumentKind.SUBMISSION, apply_patch(document, problem.fix), {"greet": fargate()})
        == []
    )


def test_reading_and_judging_tell_of_a_text_together() -> None:
    reading = parse('{"JobName": "a", "jobQueue": "q", "jobDefinition": "d", "propagateTags": "true"}')
    assert validate.validate_parsed(reading) == []
    assert reading.document["propagateTags"] is True


@pytest.mark.long
def test_a_document_much_too_large_is_still_judged_at_once() -> None:
    """By size, not by the clock: anything quadratic would need 10^7 steps here."""
    many = range(3_000)
    retries = {"attempts": 2, "evaluateOnExit": [{"onReason": f"r{number}", "action": "EXIT"} for number in many]}
    container = {
        "volumes": [{"name": f"volume-{number}"} for number in many],
        "mountPoints": [{"sourceVolume": f"volumes-{number}", "containerPath": "/x"} for number in many],
        "command": [f"Ref::p{number}" for number in many],
        "environment": [{"name": f"V{number}", "value": "x"} for number in many],
    }
    validate.validate_document(
        DocumentKind.DEFINITION, definition(container, retryStrategy=retries, parameters={f"q{n}": "" for n in many})
    )
    task = [{"name": f"container-{number}", "image": "x"} for number in many]
    names = [{"name": f"containers-{number}"} for number in many]
    over = submission(ecsPropertiesOverride={"taskProperties": [{"containers": names}]})
    validate.validate_document(DocumentKind.SUBMISSION, over, {"greet": ecs(*task)})


@pytest.mark.parametrize(
    ("tags", "fixed"),
    [
        ({"sample": "2.8.1+mc(0.10.0)"}, {"sample": "2.8.1+mc-0.10.0"}),
        ({"a&b": "R&D, Berlin"}, {"a-b": "R-D- Berlin"}),
        ({"a#": "x"}, {"a": "x"}),
        ({"a": "{{ name }}"}, {"a": "name"}),
        ({"a": "#"}, None),
        ({"a#": "x", "a": "y"}, None),
    ],
)
def test_a_fix_cleans_a_tag_and_loses_none(tags: Document, fixed: Document | None) -> None:
    document = submission(tags=tags)
    [problem] = validate.validate_document(DocumentKind.SUBMISSION, document)
    assert bool(problem.fix) == (fixed is not None)
    if fixed:
        assert apply_patch(document, problem.fix)["tags"] == fixed


def many(severity: Severity, taken: list[int]) -> Iterator[Problem]:
    for number in itertools.count():
        taken.append(number)
        yield Problem(f"/{number}", "", severity)


@pytest.mark.parametrize(
    ("severity", "most", "said"),
    [
        (Severity.ERROR, MAX_ERRORS, "More than 500 errors were found"),
        (Severity.WARNING, MAX_PROBLEMS, "More than 25,000 errors and warnings were found"),
    ],
)
def test_after_so_many_problems_nothing_more_is_looked_for(severity: Severity, most: int, said: str) -> None:
    taken: list[int] = []
    *told, last = limit_problems(many(severity, taken))

    assert (len(told), len(taken)) == (most, most + 1)
    assert (last.rule, last.severity, last.pointer) == ("reading.more-problems", Severity.ERROR, "")
    assert last.message.startswith(said)


def test_as_many_problems_as_are_told_are_all_told() -> None:
    found = [Problem("", "")] * MAX_ERRORS
    assert list(limit_problems(found)) == found


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        (DocumentKind.SUBMISSION, submission(tags={f"tag {number}": number for number in range(MAX_ERRORS + 100)})),
        (DocumentKind.DEFINITION, definition(tags={f"tag {number}": number for number in range(MAX_ERRORS + 100)})),
        (DocumentKind.WORKFLOW, {"jobs": [{"jobName": f"a{number}"} for number in range(MAX_ERRORS)]}),
    ],
)
def test_a_document_of_each_kind_tells_no_more_than_that(kind: DocumentKind, document: Document) -> None:
    found = validate.validate_document(kind, document)

    assert len([problem for problem in found if problem.severity is Severity.ERROR]) == MAX_ERRORS + 1
    assert found[0].rule == "reading.more-problems"
