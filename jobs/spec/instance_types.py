"""Sizes of commonly used instance types (“Amazon EC2 instance types”)."""

import re
from typing import NamedTuple

_GIB_PER_VCPU = {
    **dict.fromkeys(("m5", "m5a", "m5d", "m6a", "m6g", "m6i", "m7a", "m7g", "m7i"), 4),
    **dict.fromkeys(("c5", "c5a", "c5d", "c6a", "c6g", "c6i", "c7a", "c7g", "c7i"), 2),
    **dict.fromkeys(("r5", "r5a", "r5d", "r6a", "r6g", "r6i", "r7a", "r7g", "r7i"), 8),
    **dict.fromkeys(("g4dn", "g5"), 4),
}
_GPUS = {
    "g4dn": {"xlarge": 1, "2xlarge": 1, "4xlarge": 1, "8xlarge": 1, "12xlarge": 4, "16xlarge": 1},
    "g5": {
        "xlarge": 1, "2xlarge": 1, "4xlarge": 1, "8xlarge": 1, "12xlarge": 4, "16xlarge": 1, "24xlarge": 4,
        "48xlarge": 8,
    },
}  # fmt: skip
_SIZE = re.compile(r"(?P<family>[a-z0-9-]+)\.(?P<size>large|(?P<many>[1-9]\d?)?xlarge)")


class InstanceSize(NamedTuple):
    vcpus: int
    memory_mib: int
    gpus: int


_OTHERS = {
    "p3.2xlarge": InstanceSize(8, 61 * 1024, 1),
    "p3.8xlarge": InstanceSize(32, 244 * 1024, 4),
    "p3.16xlarge": InstanceSize(64, 488 * 1024, 8),
    "p4d.24xlarge": InstanceSize(96, 1152 * 1024, 8),
}


def instance_size(instance_type: str) -> InstanceSize | None:
    if instance_type in _OTHERS:
        return _OTHERS[instance_type]
    match = _SIZE.fullmatch(instance_type)
    if not match or match["family"] not in _GIB_PER_VCPU:
        return None
    gpus = _GPUS.get(match["family"])
    if gpus is not None and match["size"] not in gpus:
        return None
    vcpus = 2 if match["size"] == "large" else 4 * int(match["many"] or 1)
    return InstanceSize(vcpus, vcpus * _GIB_PER_VCPU[match["family"]] * 1024, gpus[match["size"]] if gpus else 0)
