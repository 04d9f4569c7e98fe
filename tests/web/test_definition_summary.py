"""What a definition asks for, in one line."""

import pytest

from jobs.spec.documents import Document
from jobs.web.definitions.summary import DefinitionSize

NEEDS = {
    "image": "train:1",
    "resourceRequirements": [
        {"type": "VCPU", "value": "4"},
        {"type": "MEMORY", "value": "16384"},
        {"type": "GPU", "value": "1"},
    ],
}


@pytest.mark.parametrize(
    "document",
    [
        {"containerProperties": NEEDS},
        {"ecsProperties": {"taskProperties": [{"containers": [NEEDS]}]}},
        {"nodeProperties": {"nodeRangeProperties": [{"container": NEEDS}]}},
    ],
)
def test_the_first_container_tells_image_and_size_on_every_platform(document: Document) -> None:
    size = DefinitionSize.from_document(document)

    assert (size.image, size.description) == ("train:1", "4 vCPU, 16 GiB, 1 GPU")


@pytest.mark.parametrize(
    ("container", "words"),
    [
        ({"vcpus": 2, "memory": 1536}, "2 vCPU, 1.5 GiB"),
        ({"memory": 512}, "512 MiB"),
        ({"resourceRequirements": [{"type": "MEMORY", "value": "${size}"}]}, "${size} MiB"),
        ({}, ""),
    ],
)
def test_a_size_is_told_as_far_as_it_is_known(container: Document, words: str) -> None:
    assert DefinitionSize.from_document({"containerProperties": container}).description == words
