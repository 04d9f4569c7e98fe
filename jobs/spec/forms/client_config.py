"""Form fields as plain data for the page's script, which reads and writes the same places in a text.

Each lens and value type has a counterpart under its key in static/src/builder/lenses.js and units.js.
"""

from collections.abc import Iterable
from typing import Any

from jobs.spec.forms.form_fields import Field
from jobs.spec.forms.lenses import (
    At,
    DefinitionName,
    DefinitionRevision,
    Entries,
    Members,
    Place,
    Requirement,
    WaitsFor,
)


def described(fields: Iterable[Field]) -> list[dict[str, Any]]:
    return [
        {"name": field.name, "kind": field.kind, "path": list(field.place.path)} | _lens_config(field.place)
        for field in fields
    ]


def _lens_config(place: Place) -> dict[str, Any]:
    match place:
        case At():
            beside = [[list(path), sibling_value] for path, sibling_value in place.beside]
            return {"place": "at", "sort": place.sort.name, "beside": beside}
        case Requirement():
            return {
                "place": "requirement",
                "sort": place.sort.name,
                "container": list(place.container),
                "type": place.type,
                "legacy": place.legacy,
            }
        case Entries():
            return {"place": "entries"}
        case Members():
            return {"place": "members"}
        case WaitsFor():
            return {"place": "waits"}
        case DefinitionRevision():
            return {"place": "definition-revision"}
        case DefinitionName():
            return {"place": "definition-name"}
        case unknown:
            raise TypeError(f"The page's script knows no {type(unknown).__name__}.")
