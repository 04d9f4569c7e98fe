"""Workflow templates and their versions."""

from django.db import models

from jobs.models.ids import address_of
from jobs.models.team import Team
from jobs.models.versioned import ItemVersion, VersionedItem, VersionedItemQuerySet
from jobs.spec.template_parameters import Parameter, parse_parameters


class WorkflowTemplate(VersionedItem):
    """A workflow with parameters, which people start with their values."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="templates")
    labels = models.JSONField(
        default=list, db_default=models.Value([], models.JSONField()), help_text="Words to find it by."
    )

    objects = VersionedItemQuerySet["WorkflowTemplate"].as_manager()

    class Meta(VersionedItem.Meta):
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="one_template_of_a_name")]

    def get_absolute_url(self) -> str:
        return address_of("template", self.public_id)


class TemplateVersion(ItemVersion):
    template = models.ForeignKey(WorkflowTemplate, on_delete=models.CASCADE, related_name="versions")
    parameters = models.JSONField(default=list)

    class Meta(ItemVersion.Meta):
        constraints = [models.UniqueConstraint(fields=["template", "number"], name="one_version_of_a_number")]

    @property
    def item(self) -> WorkflowTemplate:
        return self.template

    @property
    def parameter_list(self) -> tuple[Parameter, ...]:
        return parse_parameters(self.parameters)
