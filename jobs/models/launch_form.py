"""Launch forms and their versions."""

from django.db import models

from jobs.models.ids import address_of
from jobs.models.team import Team
from jobs.models.versioned import ItemVersion, VersionedItem, VersionedItemQuerySet
from jobs.spec.documents import DocumentKind
from jobs.spec.launch_forms.fields import FormSection, LaunchField, fields_of, parse_sections


class LaunchForm(VersionedItem):
    """A job or a workflow that people start with a few values, and whose rest they can't change."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="launch_forms")
    labels = models.JSONField(default=list, help_text="Words to find it by.")

    objects = VersionedItemQuerySet["LaunchForm"].as_manager()

    class Meta(VersionedItem.Meta):
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="one_launch_form_of_a_name")]

    def get_absolute_url(self) -> str:
        return address_of("launch_form", self.public_id)


class LaunchFormVersion(ItemVersion):
    form = models.ForeignKey(LaunchForm, on_delete=models.CASCADE, related_name="versions")
    sections = models.JSONField(default=list)
    locks = models.JSONField(default=dict, help_text="Who locked each field that is locked.")

    class Meta(ItemVersion.Meta):
        constraints = [models.UniqueConstraint(fields=["form", "number"], name="one_form_version_of_a_number")]

    @property
    def item(self) -> LaunchForm:
        return self.form

    @property
    def kind(self) -> DocumentKind:
        return DocumentKind.WORKFLOW if "jobs" in self.document else DocumentKind.SUBMISSION

    @property
    def section_list(self) -> tuple[FormSection, ...]:
        return parse_sections(self.sections)

    @property
    def field_list(self) -> tuple[LaunchField, ...]:
        return fields_of(self.section_list)
