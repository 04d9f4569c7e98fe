"""Amazon Resource Names."""

import re
from dataclasses import dataclass
from typing import Literal

ResourceType = Literal["job-queue", "job-definition"]

_BATCH = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):batch:(?P<region>[a-z0-9-]+):(?P<account_number>[0-9]{12}):"
    r"(?P<resource_type>job-queue|job-definition)/(?P<name>[^\s/]+)"
)
_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
    "eu-isoe-": "aws-iso-e",
}
"""By prefix of the region's name; all others are in `aws`."""


@dataclass(frozen=True)
class BatchArn:
    partition: str
    region: str
    account_number: str
    resource_type: str
    name: str
    """Includes a definition's revision, if the ARN does: hello:3."""

    @classmethod
    def parse(cls, text: str, resource_type: ResourceType) -> "BatchArn | None":
        match = _BATCH.fullmatch(text)
        return cls(**match.groupdict()) if match and match["resource_type"] == resource_type else None

    def is_in(self, region: str, account_number: str) -> bool:
        location = (partition(region), region, account_number)
        return bool(account_number) and (self.partition, self.region, self.account_number) == location


def partition(region: str) -> str:
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(prefix)), "aws")


def account_number(arn: str) -> str:
    match = re.fullmatch(r"arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:([0-9]{12}):\S+", arn)
    return match[1] if match else ""


def principal(caller: str) -> str:
    """Return the ARN for a trust policy: of a session its role's."""
    match = re.fullmatch(r"arn:([a-z-]+):sts::(\d{12}):assumed-role/([^/]+)/.*", caller)
    return f"arn:{match[1]}:iam::{match[2]}:role/{match[3]}" if match else caller
