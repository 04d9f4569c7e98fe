"""Form fields as plain data for the page's script.

Each lens and value type has a counterpart under its key in static/src/builder/lenses.js and units.js.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from jobs.spec.forms.form_fields import FormField
from jobs.spec.forms.lenses import (
    DefinitionNameLens,
    DefinitionRevisionLens,
    DependsOnLens,
    ExitCodesLens,
    ExitRuleLens,
    Lens,
    ListLens,
    MapLens,
    PairsLens,
    RequirementLens,
    SequentialLens,
    ValueLens,
)

_PLAIN_LENSES: Mapping[type, str] = {
    ListLens: "entries",
    DependsOnLens: "dependencies",
    PairsLens: "pairs",
    SequentialLens: "sequential",
    ExitCodesLens: "exit-codes",
    DefinitionRevisionLens: "definition-revision",
    DefinitionNameLens: "definition-name",
}
"""Those that have only a path."""


def client_fields(fields: Iterable[FormField]) -> list[dict[str, Any]]:
    return [
        {"name": field.name, "kind": field.kind, "path": list(field.lens.path)} | _lens_config(field.lens)
        for field in fields
    ]


def _lens_config(lens: Lens) -> dict[str, Any]:
    match lens:
        case ValueLens():
            siblings = [[list(path), sibling_value] for path, sibling_value in lens.siblings]
            return {"lens": "value", "value_type": lens.value_type.name, "siblings": siblings}
        case RequirementLens():
            return {
                "lens": "requirement",
                "value_type": lens.value_type.name,
                "container": list(lens.container),
                "type": lens.type,
                "legacy": lens.legacy,
            }
        case MapLens():
            return {"lens": "members", "excluded": list(lens.excluded)}
        case ExitRuleLens():
            return {
                "lens": "exit-rule",
                "conditions": list(lens.conditions),
                "pattern": lens.pattern,
                "action": lens.action,
            }
        case plain if type(plain) in _PLAIN_LENSES:
            return {"lens": _PLAIN_LENSES[type(plain)]}
        case unknown:
            raise TypeError(f"The page's script knows no {type(unknown).__name__}.")
