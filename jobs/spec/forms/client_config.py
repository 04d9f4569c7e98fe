"""Form fields as plain data for the page's script, which reads and writes the same places in a text.

Each lens and value type has a counterpart under its key in static/src/builder/lenses.js and units.js.
"""

from collections.abc import Iterable
from typing import Any

from jobs.spec.forms.form_fields import FormField
from jobs.spec.forms.lenses import (
    DefinitionNameLens,
    DefinitionRevisionLens,
    DependsOnLens,
    Lens,
    ListLens,
    MapLens,
    RequirementLens,
    ValueLens,
)


def client_fields(fields: Iterable[FormField]) -> list[dict[str, Any]]:
    return [
        {"name": field.name, "kind": field.kind, "path": list(field.lens.path)} | _lens_config(field.lens)
        for field in fields
    ]


def _lens_config(place: Lens) -> dict[str, Any]:
    match place:
        case ValueLens():
            beside = [[list(path), sibling_value] for path, sibling_value in place.siblings]
            return {"place": "at", "sort": place.value_type.name, "beside": beside}
        case RequirementLens():
            return {
                "place": "requirement",
                "sort": place.value_type.name,
                "container": list(place.container),
                "type": place.type,
                "legacy": place.legacy,
            }
        case ListLens():
            return {"place": "entries"}
        case MapLens():
            return {"place": "members"}
        case DependsOnLens():
            return {"place": "waits"}
        case DefinitionRevisionLens():
            return {"place": "definition-revision"}
        case DefinitionNameLens():
            return {"place": "definition-name"}
        case unknown:
            raise TypeError(f"The page's script knows no {type(unknown).__name__}.")
