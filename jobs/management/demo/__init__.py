"""The demo of `make run`: people, teams and documents."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

DEMO_DIR = Path(__file__).parent
PASSWORD = "demo"  # noqa: S105 - public: only the quick start, which listens on this machine alone, has it


@dataclass(frozen=True)
class DemoTeam:
    slug: str
    name: str
    actor: str
    analyst: str
    token_file: str
    queues: tuple[str, ...]
    roles: tuple[str, ...]
    images: tuple[str, ...]
    cost_center: str
    features: tuple[str, ...] = ()
    default_time_limit_seconds: int | None = None
    default_size: Mapping[str, int] = field(default_factory=dict)
    approval: Mapping[str, int] = field(default_factory=dict)
    """Above anything in the guide."""

    @property
    def tags(self) -> dict[str, str]:
        return {"Department": self.name, "Project": "Unassigned", "CostCenter": self.cost_center}


ROLES = "arn:aws:iam::123456789012:role"
REGISTRY = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
EXAMPLES = "public.ecr.aws/docker/library/*"  # used by the examples of the JSON editor

# Generous, so that the demo shows that limits exist without reaching them.
QUEUE_LIMITS = {"max_vcpus": 64, "max_memory_mib": 262_144, "max_gpus": 8, "max_active_vcpus": 100_000}

TEAMS = (
    DemoTeam(
        slug="research",
        name="Research",
        actor="analyst",
        analyst="engineer",
        token_file="token",  # noqa: S106 - a file's name
        queues=("ml-training-queue", "cpu-job-queue", "gpu-job-queue", "ci-job-queue", "fargate-queue"),
        roles=(f"{ROLES}/BatchJobRole", f"{ROLES}/DataProcessingRole", f"{ROLES}/research-*"),
        images=(f"{REGISTRY}/*", "data-processor", "busybox", EXAMPLES),
        features=("public_ip",),
        cost_center="CC-100",
        default_time_limit_seconds=24 * 3600,
        default_size={"default_vcpus": 1, "default_memory_mib": 2048},
        approval={"approval_usd": 200, "approval_gpus": 8},
    ),
    DemoTeam(
        slug="finance",
        name="Finance",
        actor="lead",
        analyst="quant",
        token_file="token-finance",  # noqa: S106 - a file's name
        queues=("finance-team-queue",),
        roles=(f"{ROLES}/BatchJobRole",),
        images=(f"{REGISTRY}/risk-model", EXAMPLES),
        cost_center="CC-400",
        approval={"approval_usd": 5},
    ),
    DemoTeam(
        slug="genomics",
        name="Genomics",
        actor="scientist",
        analyst="scientist",
        token_file="token-genomics",  # noqa: S106 - a file's name
        queues=("cpu-job-queue", "fargate-queue"),
        roles=(f"{ROLES}/BatchJobRole", f"{ROLES}/BatchExecutionRole"),
        images=(f"{REGISTRY}/genome-tools", EXAMPLES),
        cost_center="CC-700",
        default_time_limit_seconds=12 * 3600,
    ),
)

# The role of each person in each team. `admin` is staff, in none.
MEMBERS = {
    "analyst": {"research": "analyst"},
    "lead": {"research": "lead", "finance": "lead", "genomics": "lead"},
    "engineer": {"research": "analyst"},
    "quant": {"finance": "analyst"},
    "scientist": {"genomics": "analyst"},
}


def documents(kind: str, team: DemoTeam) -> Iterator[tuple[str, str]]:
    for file in sorted((DEMO_DIR / kind / team.slug).glob("*.json")):
        yield file.stem, file.read_text()
