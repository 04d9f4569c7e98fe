"""Grants of a team besides its queues. What is not granted is not allowed."""

import re

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from jobs.models.team import Team
from jobs.spec.rules.reserved_names import is_tag_text


class Feature(models.TextChoices):
    """What reaches beyond a program in a container of its own."""

    PRIVILEGED = "privileged", "Privileged containers"
    HOST_VOLUMES = "host_volumes", "Host directories"
    DEVICES = "devices", "Host devices"
    HOST_NAMESPACES = "host_namespaces", "Processes, memory or network of the host or other containers"
    CAPABILITIES = "capabilities", "Additional Linux capabilities"
    USER = "user", "A user other than the image's"
    LOGS = "logs", "Log destinations other than /aws/batch"
    SECRETS = "secrets", "Secrets"
    FILE_SYSTEMS = "file_systems", "Network file systems"
    REGISTRY_CREDENTIALS = "registry_credentials", "Private registry credentials"
    SERVICE_ACCOUNT = "service_account", "Kubernetes service accounts and namespaces"
    EXEC = "exec", "Shell in the running container"
    PUBLIC_IP = "public_ip", "Public IP address"
    PRIORITY = "priority", "Custom shares and priorities"
    CONSUMABLES = "consumables", "Consumable resources"
    NODES = "nodes", "Multi-node jobs"
    EKS = "eks", "Kubernetes pods"
    TASK_SIZES = "task_sizes", "Different sizes for the containers of a task"
    UNTAGGED_COSTS = "untagged_costs", "Costs without tags on the bill (propagateTags false)"


def one_star_at_the_end(pattern: str) -> None:
    if "*" in pattern[:-1] or re.search(r"\s", pattern):
        raise ValidationError("Enter a full name, or a prefix followed by *. Spaces aren't allowed.")


class RoleGrant(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="role_grants")
    pattern = models.CharField(
        "ARN",
        max_length=300,
        validators=[
            RegexValidator(r"^arn:\S+\Z", "Enter the ARN of a role. It starts with arn:."),
            one_star_at_the_end,
        ],
        help_text="An exact ARN or a prefix, like arn:aws:iam::123456789012:role/team-*",
    )

    class Meta:
        ordering = ["pattern"]
        constraints = [models.UniqueConstraint(fields=["team", "pattern"], name="one_grant_a_role")]

    def __str__(self) -> str:
        return self.pattern


class ImageGrant(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="image_grants")
    pattern = models.CharField(
        "image",
        max_length=300,
        validators=[one_star_at_the_end],
        help_text="Registry and repository, exact or ending in *. Allows any tag and digest, unless you name one.",
    )

    class Meta:
        ordering = ["pattern"]
        constraints = [models.UniqueConstraint(fields=["team", "pattern"], name="one_grant_an_image")]

    def __str__(self) -> str:
        return self.pattern


class TagSource(models.TextChoices):
    PERSON = "person", "User (default suggested)"
    TEAM = "team", "Team (user can override)"
    PORTAL = "portal", "Portal (fixed)"


class TagRule(models.Model):
    """A team's own rule takes precedence over one for all."""

    team = models.ForeignKey(
        Team,
        on_delete=models.CASCADE,
        related_name="tag_rules",
        null=True,
        blank=True,
        help_text="Leave empty for all teams.",
    )
    key = models.CharField(
        max_length=128,
        validators=[
            RegexValidator(
                r"^(?!(?i:aws|portal):)[^\r\n]+\Z", "Tag keys that start with aws: or portal: are reserved."
            )
        ],
    )
    required = models.BooleanField(default=False)
    allowed = models.JSONField(
        "allowed values", default=list, blank=True, help_text="Leave empty to allow any value."
    )
    pattern = models.CharField(
        max_length=128, blank=True, help_text="Pattern for values, with *, ? and [0-9], like CC-[0-9]*"
    )
    default = models.CharField(max_length=256, blank=True)
    filled_by = models.CharField("set by", max_length=10, choices=TagSource.choices, default=TagSource.PERSON)

    class Meta:
        ordering = ["key"]
        constraints = [
            models.UniqueConstraint(fields=["team", "key"], name="one_tag_rule_a_team"),
            models.UniqueConstraint(
                fields=["key"],
                condition=models.Q(team=None),
                name="one_tag_rule_for_all",
                violation_error_message="A rule for all teams with this key already exists.",
            ),
            models.CheckConstraint(
                condition=~models.Q(filled_by="portal", default=""),
                name="the_portal_fills_in_something",
                violation_error_message="Enter the default that the portal sets.",
            ),
        ]

    def __str__(self) -> str:
        return self.key

    def clean(self) -> None:
        allowed = self.allowed if isinstance(self.allowed, list) else []
        for field, texts in (("key", [self.key]), ("default", [self.default]), ("allowed", allowed)):
            if not all(is_tag_text(str(text)) for text in texts):
                raise ValidationError({field: "Use only letters, digits, spaces and _.:/=+-@."})
