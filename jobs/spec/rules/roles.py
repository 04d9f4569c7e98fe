"""Rules of IAM roles."""

import re
from collections.abc import Iterator

from jobs.spec.containers import tasks
from jobs.spec.documents import Document
from jobs.spec.problems import Problem, join_pointer, quote
from jobs.spec.rules.registry import rule

ROLE_ARN = re.compile(r"arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/[\w+=,.@/-]+", re.ASCII)
"""In any partition."""


@rule("roles.arn")
def roles_are_arns(document: Document) -> Iterator[Problem]:
    """A job role, task role or execution role is the ARN of an IAM role, with the number of an account.

    Source: the response of AWS Batch: “executionRoleArn … is not an iam role arn”,
    https://github.com/kestra-io/plugin-aws/issues/432.
    """
    for task in tasks(document):
        for key in ("executionRoleArn", task.job_role_key) if task.type != "eks" else ():
            role = task.value.get(key)
            if isinstance(role, str) and role and not ROLE_ARN.fullmatch(role):
                message = (
                    f"{key} must be the ARN of an IAM role, such as arn:aws:iam::123456789012:role/name; "
                    f"found {quote(role)}."
                )
                yield Problem(join_pointer(*task.path, key), message)


RULES = (roles_are_arns,)
