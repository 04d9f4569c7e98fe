"""Rows of inline tables that must differ from each other."""

from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms.models import BaseInlineFormSet
from django.utils.html import format_html

REPEATED_CODE = "unique_together"
"""Django's code of the error that a row of the same parent exists."""


class DistinctFormSet(BaseInlineFormSet):
    """Reject repeated values of `distinct_field`, with an error that links to the first row."""

    distinct_field: str

    def validate_unique(self) -> None:
        """Replace Django's, whose errors stand above the table and name no row."""
        first_forms: dict[Any, forms.ModelForm] = {}
        for form in sorted(self.forms, key=lambda form: form.has_changed()):  # the row that was there is right
            values = getattr(form, "cleaned_data", {})
            value = values.get(self.distinct_field)
            if value in (None, "") or values.get("DELETE"):
                continue
            other = first_forms.setdefault(value, form)
            if other is not form:
                _drop_error_without_row(form)
                row = self.forms.index(other) + 1
                form.add_error(
                    self.distinct_field,
                    format_html(
                        '“{}” is already in <a href="#{}">row {}</a>. Remove one of them.', value, other.prefix, row
                    ),
                )


def _drop_error_without_row(form: forms.ModelForm) -> None:
    errors = form.errors.get(NON_FIELD_ERRORS)
    if errors is None:
        return
    errors.data = [error for error in errors.as_data() if error.code != REPEATED_CODE]
    if not errors:
        del form.errors[NON_FIELD_ERRORS]


def distinct(field: str, base: type[DistinctFormSet] = DistinctFormSet) -> type[DistinctFormSet]:
    return type(f"Distinct{field.capitalize()}FormSet", (base,), {"distinct_field": field})
