"""Keys and values as other tools write them, fitted to the shapes of AWS Batch.

JobName, job_name and job-name are jobName; "60" is 60 where a number is wanted. Keys of free maps (parameters, tags,
log options, labels) belong to the person and are never rewritten. What resembles nothing stays for the judge.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jobs.spec import schema
from jobs.spec.documents import Document, Kind
from jobs.spec.guesses import folded
from jobs.spec.problems import Change, cut, escape
from jobs.spec.wording import converted

MOST_SAID = 20
"""So many values are told one by one; a document with more was written by a program that does it everywhere."""

_MOST_NAMED = 8


@dataclass
class Fitted:
    """A document after fitting: what was changed, and where parts stand that were called differently."""

    document: Document
    changes: list[Change] = field(default_factory=list)
    origins: dict[str, str] = field(default_factory=dict)  # pointer in the document to pointer in what was written


def fitted(document: Document, kind: Kind) -> Fitted:
    """The document with the keys and types of its kind. The one given stays as it is."""
    fitting = _Fitting(schema.schema(kind)["$defs"])
    return fitting.run(document, schema.schema(kind))


class _Fitting:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self.definitions = definitions
        self.renamed: dict[str, str] = {}
        self.converted: list[Change] = []
        self.converted_more = 0
        self.origins: dict[str, str] = {}

    def run(self, document: Document, whole: Mapping[str, Any]) -> Fitted:
        result = self._value(document, whole, "", "")
        return Fitted(result, [*self._said_of_keys(), *self._said_of_values()], self.origins)

    def _value(self, value: Any, shape: Mapping[str, Any], here: str, there: str) -> Any:
        """A value that stands `here` in the document and `there` in what was written. The same object if it fits."""
        if "$ref" in shape:
            shape = self.definitions[shape["$ref"].removeprefix("#/$defs/")]
        wanted = shape.get("type")
        if isinstance(value, dict) and wanted == "object":
            return self._object(value, shape, here, there)
        if isinstance(value, list) and wanted == "array" and "items" in shape:
            entries = [
                self._value(entry, shape["items"], f"{here}/{number}", f"{there}/{number}")
                for number, entry in enumerate(value)
            ]
            return entries if any(new is not old for new, old in zip(entries, value, strict=True)) else value
        if isinstance(value, str | int | float) and wanted in ("string", "integer", "boolean"):
            return self._single(value, str(wanted), here)
        return value

    def _object(self, value: Document, shape: Mapping[str, Any], here: str, there: str) -> Document:
        known = shape.get("properties")
        others = shape.get("additionalProperties")
        changed = False
        result: Document = {}
        for key, member in value.items():
            name = key
            if known is not None and key not in known:
                meant = _by_fold(tuple(known)).get(folded(key))
                if meant and meant not in value and meant not in result:
                    name = meant
            inner = known.get(name) if known is not None else others
            pointer, origin = f"{here}/{escape(name)}", f"{there}/{escape(key)}"
            result[name] = self._value(member, inner, pointer, origin) if isinstance(inner, Mapping) else member
            if name != key:
                self.renamed[key] = name
                self.origins[pointer] = origin
            changed = changed or name != key or result[name] is not member
        return result if changed else value

    def _single(self, value: Any, wanted: str, here: str) -> Any:
        fits = {"string": str, "integer": int, "boolean": bool}[wanted]
        if isinstance(value, fits) and not (wanted == "integer" and isinstance(value, bool)):
            return value
        meant = converted(value, wanted)
        if meant is None:
            return value
        if len(self.converted) == MOST_SAID:
            self.converted_more += 1
            return meant
        last = here.rpartition("/")[2]
        what = f"Entry {int(last) + 1} of a list" if last.isdecimal() else cut(last.replace("~1", "/"))
        # Without the value, which may be a secret.
        if wanted == "string":
            told = f"{what} was not in quotes; it is read as a text, as AWS Batch wants it."
        elif wanted == "integer":
            told = f"{what} is read as a whole number, as AWS Batch wants it."
        else:
            told = f"{what} was in quotes; it is read as true or false, as AWS Batch wants it."
        self.converted.append(Change(here, told))
        return meant

    def _said_of_keys(self) -> list[Change]:
        if not self.renamed:
            return []
        pairs = [f"{cut(old)} as {new}" for old, new in list(self.renamed.items())[:_MOST_NAMED]]
        more = len(self.renamed) - len(pairs)
        rest = f" and {more} more" if more else ""
        return [Change("", f"Keys are read in the spelling of AWS Batch: {', '.join(pairs)}{rest}.")]

    def _said_of_values(self) -> list[Change]:
        if not self.converted_more:
            return self.converted
        more = f"{self.converted_more:,} more values are read as the type that is wanted."
        return [*self.converted, Change("", more)]


@cache
def _by_fold(known: tuple[str, ...]) -> Mapping[str, str]:
    return {folded(name): name for name in known}


def kind_by_fold(document: Document) -> Kind | None:
    """The kind that the keys of a document speak of in some other spelling."""
    keys = {folded(key) for key in list(document)[:1000]}
    if "jobs" in keys:
        return Kind.WORKFLOW
    if "jobdefinitionname" in keys:
        return Kind.DEFINITION
    return Kind.SUBMISSION if keys & {"jobdefinition", "jobqueue", "jobname"} else None
