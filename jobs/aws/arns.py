"""Amazon Resource Names, as far as they are put together or taken apart here."""

import re


def partition(region: str) -> str:
    """The part of AWS that a region is of."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def number_in(arn: str) -> str:
    """The account's number in an ARN; empty if there is none."""
    found = re.match(r"arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):", arn)
    return found[1] if found else ""


def principal(caller: str) -> str:
    """Who a trust policy names for a caller: a session of a role is the role. (Its path is not told.)"""
    found = re.fullmatch(r"arn:([a-z-]+):sts::(\d{12}):assumed-role/([^/]+)/.*", caller)
    return f"arn:{found[1]}:iam::{found[2]}:role/{found[3]}" if found else caller
