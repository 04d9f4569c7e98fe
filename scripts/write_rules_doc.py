"""Writer of docs/rules.md from the registered rules: `--check` only compares."""

import sys
from pathlib import Path

from jobs.spec.parsing import parser
from jobs.spec.rules import validate
from jobs.spec.rules.registry import REGISTRY, ValidationRule
from scripts.source_links import reports, with_links

RULES_COME_FROM = (validate, parser)
"""Importing these imports every module with rules."""

PAGE = Path(__file__).resolve().parent.parent / "docs" / "rules.md"

SUBJECTS = {
    "reading": "Syntax",
    "schema": "Keys and values",
    "values": "Values that only AWS's descriptions list",
    "definition": "Job definitions",
    "platform": "Platforms",
    "ec2": "EC2",
    "fargate": "Fargate",
    "managed-instances": "Amazon ECS Managed Instances",
    "windows": "Windows containers",
    "ecs": "ECS tasks",
    "eks": "EKS pods",
    "containers": "Containers of a task or pod",
    "nodes": "Multi-node jobs",
    "sizes": "vCPU, memory and GPUs",
    "roles": "IAM roles",
    "volumes": "Volumes and mount points",
    "efs": "EFS volumes",
    "parameters": "Parameters",
    "retries": "Retries",
    "names": "Names and tags",
    "secrets": "Secrets",
    "submission": "Submissions",
    "overrides": "Submissions against their definition",
    "dependencies": "Dependencies",
    "share": "Fair share",
    "queue": "Queues",
    "workflow": "Workflows",
}
HEAD = """\
# Rules

What the portal checks before AWS does, in pages, the API and `manage.py judge`. An **error** stops a document. A
**warning** points out a probable mistake and lets the document pass. Each problem carries the name of its rule, which
is in the first column. The last column links where AWS documents it, and reports of what AWS answered.

`make rules` generates this page from the rules. The portal's own policy (queues, teams, budgets) is not on it.
"""


def page() -> str:
    groups: dict[str, list[ValidationRule]] = {subject: [] for subject in SUBJECTS}
    for rule in sorted(REGISTRY.values(), key=lambda rule: rule.id):
        groups[rule.id.partition(".")[0]].append(rule)
    sections = [HEAD]
    for subject, rules in groups.items():
        lines = [f"| `{rule.id}` | {rule.severity} | {_cell(rule.statement)} | {_source(rule)} |" for rule in rules]
        head = [f"## {SUBJECTS[subject]}", "", "| rule | severity | description | source |", "|---|---|---|---|"]
        sections.append("\n".join([*head, *lines]))
    return "\n".join(f"{part.rstrip()}\n" for part in sections)


def _source(rule: ValidationRule) -> str:
    """Return the rule's source, then the reports of AWS's answer that it doesn't name itself."""
    more = [address for address in reports().get(rule.id, []) if address not in rule.source]
    source = rule.source.removesuffix(".")
    return _cell(with_links("; ".join([source, *more])))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        current = PAGE.exists() and PAGE.read_text() == page()
        if not current:
            sys.stderr.write("docs/rules.md is out of date. Run `make rules`.\n")
        return 0 if current else 1
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
