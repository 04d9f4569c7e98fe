"""The size of a definition in one line."""

from dataclasses import dataclass

from jobs.spec.documents import Document, list_at, object_at, text_at, value_at
from jobs.spec.problems import truncate


@dataclass(frozen=True)
class DefinitionSize:
    image: str
    vcpus: str
    memory_mib: str
    gpus: str

    @classmethod
    def from_document(cls, document: Document) -> "DefinitionSize":
        container = _first_container(document)
        requirements = {
            text_at(requirement, "type"): str(value_at(requirement, "value") or "")
            for requirement in list_at(container, "resourceRequirements")
        }
        return cls(
            image=text_at(container, "image"),
            vcpus=requirements.get("VCPU") or str(container.get("vcpus") or ""),
            memory_mib=requirements.get("MEMORY") or str(container.get("memory") or ""),
            gpus=requirements.get("GPU", ""),
        )

    @property
    def short_image(self) -> str:
        """The image without its registry and path: ml-training:latest."""
        return truncate(self.image.rpartition("/")[2])

    @property
    def description(self) -> str:
        parts = [
            f"{truncate(self.vcpus)} vCPU" if self.vcpus else "",
            self._memory,
            f"{truncate(self.gpus)} GPU" if self.gpus else "",
        ]
        return ", ".join(part for part in parts if part)

    @property
    def _memory(self) -> str:
        if not self.memory_mib:
            return ""
        if self.memory_mib.isdecimal() and len(self.memory_mib) < 9 and int(self.memory_mib) >= 1024:
            return f"{int(self.memory_mib) / 1024:.1f}".removesuffix(".0") + " GiB"
        return f"{truncate(self.memory_mib)} MiB"


def _first_container(document: Document) -> Document:
    plain = object_at(document, "containerProperties")
    if plain:
        return plain
    nodes = list_at(document, "nodeProperties", "nodeRangeProperties")
    tasks = list_at(document, "ecsProperties", "taskProperties")
    pods = list_at(document, "eksProperties", "podProperties", "containers")
    return object_at(nodes, 0, "container") or object_at(list_at(tasks, 0, "containers"), 0) or object_at(pods, 0)
