"""What admins give to a team beside its queues. What nobody gave, a team does not have."""

import re

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from jobs.models.team import Team


class Feature(models.TextChoices):
    """What a job may do beyond running a program in a container of its own: each is given to a team by name."""

    PRIVILEGED = "privileged", "Privileged containers"
    HOST_VOLUMES = "host_volumes", "Directories of the host"
    DEVICES = "devices", "Devices of the host"
    HOST_NAMESPACES = "host_namespaces", "Processes, memory or network of the host or of other containers"
    CAPABILITIES = "capabilities", "Further Linux capabilities"
    USER = "user", "Another user than the image's own"
    LOGS = "logs", "Logs elsewhere than in Batch's own group"
    SECRETS = "secrets", "Secrets"
    FILE_SYSTEMS = "file_systems", "Network file systems"
    REGISTRY_CREDENTIALS = "registry_credentials", "Credentials of a private registry"
    SERVICE_ACCOUNT = "service_account", "Service accounts and namespaces of Kubernetes"
    EXEC = "exec", "A shell in the running container"
    PUBLIC_IP = "public_ip", "A public address"
    PRIORITY = "priority", "Shares and priorities of its own choosing"
    CONSUMABLES = "consumables", "Consumable resources"
    NODES = "nodes", "Several nodes a job (ceilings of size do not see them)"
    EKS = "eks", "Pods of Kubernetes (ceilings of size do not see them)"
    TASK_SIZES = "task_sizes", "Other sizes for containers of a task (ceilings of size do not see them)"


def one_star_at_the_end(pattern: str) -> None:
    """A pattern is a name, or the beginning of names with * after it."""
    if "*" in pattern[:-1] or re.search(r"\s", pattern):
        raise ValidationError("Write a whole name, or the beginning of names with one * at the end; no blanks.")


class RoleGrant(models.Model):
    """A role in IAM that a team's jobs may take on, as their job role or as their execution role."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="role_grants")
    pattern = models.CharField(
        "ARN",
        max_length=300,
        validators=[RegexValidator(r"^arn:", "The ARN of a role begins with arn:."), one_star_at_the_end],
        help_text="Exact, or a prefix: arn:aws:iam::123456789012:role/team-*",
    )

    class Meta:
        ordering = ["pattern"]
        constraints = [models.UniqueConstraint(fields=["team", "pattern"], name="one_grant_a_role")]

    def __str__(self) -> str:
        return self.pattern


class ImageGrant(models.Model):
    """Images that a team's jobs may run."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="image_grants")
    pattern = models.CharField(
        "image",
        max_length=300,
        validators=[one_star_at_the_end],
        help_text="Registry and repository, exact or ending in *. Any tag or digest will do, unless one is named.",
    )

    class Meta:
        ordering = ["pattern"]
        constraints = [models.UniqueConstraint(fields=["team", "pattern"], name="one_grant_an_image")]

    def __str__(self) -> str:
        return self.pattern
