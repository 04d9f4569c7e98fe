"""Form fields of the admin."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from jobs.spec.forms import units

MAX_INTEGER = 2**31 - 1
"""What a column of whole numbers holds."""


class LinesField(forms.CharField):
    def __init__(self, *, rows: int = 3, **options: Any) -> None:
        super().__init__(required=False, widget=forms.Textarea(attrs={"rows": rows, "cols": 30}), **options)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        return [line.strip() for line in lines if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(list(initial or []) != self.to_python(data))


class QuantityField(forms.IntegerField):
    widget = forms.TextInput(attrs={"size": 9})
    default_error_messages: ClassVar[dict[str, Any]] = {
        "max_value": "This is above the largest value that AWS Batch takes."
    }
    format_value: Callable[[int], str]
    parse_text: Callable[[str], int | None]

    def __init__(self, *, max_value: int = MAX_INTEGER, **options: Any) -> None:
        super().__init__(max_value=max_value, **options)

    def prepare_value(self, value: Any) -> Any:
        return type(self).format_value(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        quantity = type(self).parse_text(str(value))
        if quantity is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return quantity

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != initial)
        except ValidationError:
            return True


class DurationField(QuantityField):
    """Whole seconds, written 24 h, 90 min or 3600."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "Enter a duration like 24 h, 90 min or 3600 (seconds)."
    }
    format_value = staticmethod(units.format_seconds)
    parse_text = staticmethod(units.parse_seconds)


class MemoryField(QuantityField):
    """MiB, written 256 GiB, 1.5 G or 512."""

    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": "Enter a size like 256 GiB, 1.5 GiB or 512 (MiB)."}
    format_value = staticmethod(units.format_mib)
    parse_text = staticmethod(units.parse_mib)


def fixed_field_form(name: str, base: type[forms.ModelForm] = forms.ModelForm) -> type[forms.ModelForm]:
    class RowForm(base):  # type: ignore[valid-type,misc] # mypy takes no class from a parameter
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            if self.instance.pk and name in self.fields:
                about = getattr(self.instance, name)
                field = self.fields[name]
                field.disabled = True
                field.widget = forms.Select(choices=[(about.pk, str(about))], attrs={"disabled": True})

    return RowForm
