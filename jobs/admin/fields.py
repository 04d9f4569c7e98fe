"""Form fields of the admin: lists as lines, durations in words, and relations fixed once saved."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from jobs.spec.forms import units


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    def __init__(self, *, rows: int = 3, **options: Any) -> None:
        super().__init__(required=False, widget=forms.Textarea(attrs={"rows": rows, "cols": 30}), **options)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        return [line.strip() for line in lines if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(list(initial or []) != self.to_python(data))


class DurationField(forms.IntegerField):
    """Whole seconds, read and shown as people write them: 24 h, 90 min, 3600."""

    widget = forms.TextInput

    def prepare_value(self, value: Any) -> Any:
        return units.format_seconds(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        seconds = units.parse_seconds(str(value))
        if seconds is None:
            raise ValidationError("Enter a duration like 24 h, 90 min or 3600 (seconds).", code="invalid")
        return seconds

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != initial)
        except ValidationError:
            return True


def fixed_field_form(name: str) -> type[forms.ModelForm]:
    """Return a form class whose relation is selected when a row is added, and only shown afterwards.

    An autocomplete field would query the selection of each row; this costs one query for all.
    """

    class RowForm(forms.ModelForm):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            if self.instance.pk and name in self.fields:
                about = getattr(self.instance, name)
                field = self.fields[name]
                field.disabled = True
                field.widget = forms.Select(choices=[(about.pk, str(about))], attrs={"disabled": True})

    return RowForm
