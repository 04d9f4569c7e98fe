"""Links for the sources of rules, which name documentation in words: “JobTimeout, AWS Batch API reference”."""

import json
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

ANSWERS = Path(__file__).resolve().parent.parent / "tests" / "aws_answers"
"""What AWS answers, as rows with sources; see its README.md."""

BATCH = "https://docs.aws.amazon.com/batch/latest"
API_REFERENCES = {
    "AWS Batch": f"{BATCH}/APIReference",
    "Amazon ECS": "https://docs.aws.amazon.com/AmazonECS/latest/APIReference",
}
USER_GUIDE = {
    "Array jobs": "array_jobs.html",
    "Automated job retries": "job_retries.html",
    "Job definitions on Fargate": "fargate-job-definitions.html",
    "Job dependencies": "job_dependencies.html",
    "Jobs stuck in a RUNNABLE status": "troubleshooting.html#job_stuck_in_runnable",
    "Multi-node parallel jobs": "multi-node-parallel-jobs.html",
    "Parameters": "job_definition_parameters.html#parameters",
    "Service quotas": "service_limits.html",
    "Specifying sensitive data": "specifying-sensitive-data.html",
    "Tag restrictions": "tag-restrictions.html",
    "Troubleshooting": "troubleshooting.html",
}
"""Pages of the AWS Batch User Guide by the title that sources give."""

DOCUMENTS = {
    "the AWS Batch API reference": f"{BATCH}/APIReference/Welcome.html",
    "botocore's service model of AWS Batch": "https://github.com/boto/botocore/tree/develop/botocore/data/batch",
    "RFC 8259, section 4": "https://www.rfc-editor.org/rfc/rfc8259#section-4",
    "POSIX shell, parameter expansion": (
        "https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_06_02"
    ),
    "setrlimit(2)": "https://man7.org/linux/man-pages/man2/setrlimit.2.html",
}

_NAMES = r"[A-Z][A-Za-z]+(?:(?:, | and )[A-Z][A-Za-z]+)*"
_API = re.compile(rf"({_NAMES}), ({'|'.join(API_REFERENCES)}) API reference")
_GUIDE = re.compile(r"“([^”]+)”, AWS Batch User Guide")
_ADDRESS = re.compile(r"(?<!\()https://[^\s,;:]+[^\s,;:.]")


def with_links(source: str) -> str:
    """Return the source in Markdown, where each page it names is a link."""
    text = _ADDRESS.sub(lambda match: _link(_short(match[0]), match[0]), source)
    text = _API.sub(_api_links, text)
    text = _GUIDE.sub(lambda match: f"{_link(match[1], _guide_page(match[1]))}, AWS Batch User Guide", text)
    for name, address in DOCUMENTS.items():
        text = text.replace(name, _link(name, address))
    return text


@cache
def reports() -> dict[str, list[str]]:
    """Return addresses by rule: where AWS answered what the rule says, as the rows give them."""
    addresses: dict[str, set[str]] = defaultdict(set)
    for file in ANSWERS.glob("*.json"):
        for row in json.loads(file.read_text()):
            if "rule" in row:
                addresses[row["rule"]].update(_ADDRESS.findall(row["source"]))
    return {rule: sorted(urls) for rule, urls in addresses.items()}


def _api_links(match: re.Match[str]) -> str:
    names, service = match.groups()
    folder = API_REFERENCES[service]
    links = re.sub(r"[A-Z][A-Za-z]+", lambda name: _link(name[0], f"{folder}/API_{name[0]}.html"), names)
    return f"{links}, {service} API reference"


def _guide_page(title: str) -> str:
    return f"{BATCH}/userguide/{USER_GUIDE[title]}"


def _short(address: str) -> str:
    """Name an issue as GitHub does: owner/repository#number."""
    issue = re.fullmatch(r"https://github\.com/([^/]+/[^/]+)/(?:issues|pull|discussions)/(\d+)", address)
    if issue:
        return f"{issue[1]}#{issue[2]}"
    return address.removeprefix("https://").removeprefix("github.com/")


def _link(text: str, address: str) -> str:
    return f"[{text}]({address})"
