"""AWS's rules for EKS pods, and their sizes.

https://docs.aws.amazon.com/batch/latest/APIReference/API_EksPodProperties.html
"""

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from jobs.sandbox.containers import check_image
from jobs.sandbox.context import Document
from jobs.sandbox.errors import BatchClientError
from jobs.sandbox.validation import check_environment

MAX_CONTAINERS = 10
CONTAINER_FIELDS = ("containers", "initContainers")
DEFAULT_NAME = "Default"
PULL_POLICIES = {"Always", "IfNotPresent", "Never"}
DNS_POLICIES = {"Default", "ClusterFirst", "ClusterFirstWithHostNet"}
GPU = "nvidia.com/gpu"
MIN_MEMORY_MIB = 4
CPU_STEP = Decimal("0.25")

_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_MEMORY = re.compile(r"([0-9]+)Mi")


def check_pod(properties: Document) -> None:
    pod = properties.get("podProperties") or {}
    if not pod.get("containers"):
        raise BatchClientError("podProperties must have at least one container")
    for field in CONTAINER_FIELDS:
        if len(pod.get(field, ())) > MAX_CONTAINERS:
            raise BatchClientError(f"podProperties can have at most {MAX_CONTAINERS} {field}")
    names = [container_name(container) for container in pod_containers(pod)]
    if len(set(names)) < len(names):
        raise BatchClientError("Container names must be unique within a pod")
    if pod.get("dnsPolicy") and pod["dnsPolicy"] not in DNS_POLICIES:
        raise BatchClientError(f"dnsPolicy '{pod['dnsPolicy']}' is not valid")
    for container in pod_containers(pod):
        check_image(container.get("image"))
        if container.get("imagePullPolicy") and container["imagePullPolicy"] not in PULL_POLICIES:
            raise BatchClientError(f"imagePullPolicy '{container['imagePullPolicy']}' is not valid")
        check_pod_container(container)
    check_metadata(pod.get("metadata"))


def pod_containers(pod: Document) -> Iterator[Document]:
    yield from pod.get("initContainers") or ()
    yield from pod.get("containers") or ()


def container_name(container: Document) -> str:
    return container.get("name") or DEFAULT_NAME


def check_metadata(metadata: Document | None) -> None:
    namespace = (metadata or {}).get("namespace")
    if namespace is None:
        return
    if (
        len(namespace) > 63
        or namespace == "default"
        or namespace.startswith("kube")
        or not _NAMESPACE.fullmatch(namespace)
    ):
        raise BatchClientError(f"Namespace '{namespace}' is not valid")


def check_pod_container(container: Document) -> None:
    check_environment(container.get("env", ()))
    resources = container.get("resources") or {}
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for sizes in (limits, requests):
        for kind, value in sizes.items():
            _check_size(kind, value)
    for kind in limits.keys() & requests.keys():
        limit, request = _quantity(limits[kind]), _quantity(requests[kind])
        if kind == "cpu" and limit < request:
            raise BatchClientError(f"The cpu limit {limits[kind]} must be at least the request {requests[kind]}")
        if kind != "cpu" and limit != request:
            raise BatchClientError(f"The {kind} limit {limits[kind]} must be equal to the request {requests[kind]}")


def _check_size(kind: str, value: str) -> None:
    if kind == "memory":
        amount = _MEMORY.fullmatch(value)
        if amount is None or int(amount[1]) < MIN_MEMORY_MIB:
            raise BatchClientError(f"memory '{value}' must be a whole number of at least 4 with the suffix Mi")
    elif kind == "cpu":
        number = _quantity(value)
        if number <= 0 or number % CPU_STEP:
            raise BatchClientError(f"cpu '{value}' must be a multiple of 0.25")
    elif kind == GPU:
        if not value.isdecimal():
            raise BatchClientError(f"{GPU} '{value}' must be a whole integer")
    else:
        raise BatchClientError(f"Resource '{kind}' is not supported; use cpu, memory or {GPU}")


def _quantity(value: str) -> Decimal:
    try:
        number = Decimal(value.removesuffix("Mi"))
    except InvalidOperation:
        raise BatchClientError(f"'{value}' is not a quantity") from None
    if not number.is_finite():
        raise BatchClientError(f"'{value}' is not a quantity")
    return number


def pod_sizes(pod: Document) -> dict[str, str]:
    needs = {"VCPU": "cpu", "MEMORY": "memory", "GPU": GPU}
    return {
        kind: str(
            max(
                sum((_container_size(container, name) for container in pod.get("containers") or ()), Decimal(0)),
                *(_container_size(container, name) for container in pod.get("initContainers") or ()),
                Decimal(0),
            )
        )
        for kind, name in needs.items()
    }


def _container_size(container: Document, kind: str) -> Decimal:
    resources = container.get("resources") or {}
    sizes = (resources.get("limits") or {}) | (resources.get("requests") or {})
    return _quantity(sizes.get(kind, "0"))
