"""A case for each rule of the portal: a document that keeps it, one that breaks it, and the place it points to."""

from dataclasses import dataclass, field

from jobs.spec.documents import Document, DocumentKind, text_at
from jobs.spec.problems import Problem
from jobs.spec.rules import validate
from jobs.spec.rules.queue import QueueFacts
from tests.spec.rule_documents import (
    BAD_IMAGES,
    CONDITION,
    CONDITIONS,
    EFS,
    FAIR,
    FIRST_IN,
    GPU,
    JOB_IDS,
    LAST,
    MANY,
    MOUNT,
    NAMED,
    OTHERS,
    ROLE,
    SECRET,
    SPOT,
    TASK,
    VOLUME,
    WINDOWS_REFUSES,
    ecs,
    efs,
    eks,
    fargate,
    group,
    group_override,
    node_task_override,
    nodes,
    override,
    pod_override,
    retrying,
    size,
    task_override,
    variable,
    waiting,
    windows,
)
from tests.spec.samples import JOB_ID, definition, step, submission, workflow


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

    def problems_of(self, document: Document) -> list[Problem]:
        definitions = {text_at(document, "jobDefinition") or "greet": self.on} if self.on else None
        queues = {text_at(document, "jobQueue") or "small": self.queue} if self.queue else None
        kind = DocumentKind.WORKFLOW if "jobs" in document else self.kind
        return validate.validate_document(kind, document, definitions, queues)


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
