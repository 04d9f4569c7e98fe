"""Audit of the locked dependencies by an advisory service, which may be unreachable.

An unreachable service is neither a failure nor a pass: the output is then "not audited".
"""

import json
import subprocess
import sys
from typing import Any

TIMEOUT_SECONDS = 60
NOT_AUDITED = "Dependencies: not audited, because no advisory service could be reached."


def main(requirements: str) -> int:
    command = [sys.executable, "-m", "pip_audit", "--requirement", requirements, "--require-hashes", "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)  # noqa: S603 - a fixed command
    except subprocess.TimeoutExpired:
        return print_lines(NOT_AUDITED)
    try:
        answer: dict[str, Any] = json.loads(process.stdout)
    except ValueError:
        reason = process.stderr.strip().splitlines()
        return print_lines(f"{NOT_AUDITED} {reason[-1] if reason else ''}".strip())
    return report(answer)


def report(answer: dict[str, Any]) -> int:
    """Print the service's findings. Return the exit code."""
    lines = [
        f"{dependency['name']} {dependency['version']}: {vulnerability['id']}"
        f" (fixed in {', '.join(vulnerability['fix_versions']) or 'no version yet'})"
        for dependency in answer["dependencies"]
        for vulnerability in dependency.get("vulns", [])
    ]
    if lines:
        print_lines("Dependencies with known vulnerabilities:", *lines)
        return 1
    skipped = [dependency["name"] for dependency in answer["dependencies"] if "skip_reason" in dependency]
    audited = len(answer["dependencies"]) - len(skipped)
    if not audited:
        return print_lines(NOT_AUDITED)
    rest = f" Not audited: {', '.join(skipped)}." if skipped else ""
    return print_lines(f"Dependencies: {audited} audited, no known vulnerabilities.{rest}")


def print_lines(*lines: str) -> int:
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
