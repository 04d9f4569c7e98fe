"""The view of a form's file as fields: what the page shows, and what it sends back, as changes to the same file."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from jobs.spec.documents import Document, is_object, list_at, object_at, text_at
from jobs.spec.launch_forms import designer
from jobs.spec.launch_forms.fields import SEPARATOR, DefaultSource, FieldMode, LaunchFieldType
from jobs.spec.launch_forms.places import FormPlace
from jobs.spec.template_parameters import NUMBER, plain_text
from jobs.web.shell.text_input import drop_nul

TYPES = (
    (LaunchFieldType.TEXT, "Text"),
    (LaunchFieldType.NUMBER, "Number"),
    (LaunchFieldType.CHOICE, "Choice"),
    (LaunchFieldType.SEVERAL, "Several choices"),
    (LaunchFieldType.YES_NO, "Yes or no"),
    (LaunchFieldType.DATE, "Date"),
    (LaunchFieldType.PATH, "Path or S3 URI"),
    (LaunchFieldType.SECRET, "Secret reference"),
)
SOURCES = (
    (DefaultSource.FIXED, "This value"),
    (DefaultSource.PERSON, "The person"),
    (DefaultSource.TEAM, "The team"),
    (DefaultSource.DATE, "Today"),
    (DefaultSource.LAST_RUN, "Their last run"),
)
MODES = ((FieldMode.ASK, "Ask"), (FieldMode.LOCKED, "Show locked"))
TEXT_KEYS = ("label", "help", "pattern", "sample")
NUMBER_KEYS = ("min", "max", "step")
_TOKEN = re.compile(r"([sf])([0-9]{1,4})")
_NUMBER = re.compile(r"[0-9]{1,4}")
_MOVES = {"up": -1, "down": 1}
_SECTION_MOVES = {"section-up": -1, "section-down": 1}


@dataclass(frozen=True)
class FieldControls:
    """A field of the file, with the texts of its controls."""

    number: int
    entry: Document
    is_new: bool = False

    @property
    def name(self) -> str:
        return text_at(self.entry, "name")

    @property
    def title(self) -> str:
        return text_at(self.entry, "label") or self.name

    @property
    def texts(self) -> dict[str, str]:
        return _texts_of(self.entry)

    @property
    def is_required(self) -> bool:
        return self.entry.get("required") is not False


@dataclass(frozen=True)
class SectionControls:
    number: int
    title: str
    fields: tuple[FieldControls, ...]


def section_rows(file: Document, new_name: str = "") -> list[SectionControls]:
    rows, number = [], 0
    for index, section in enumerate(list_at(file, "sections")):
        fields = []
        for entry in list_at(section, "fields"):
            if is_object(entry):
                fields.append(FieldControls(number, entry, bool(new_name) and text_at(entry, "name") == new_name))
                number += 1
        rows.append(SectionControls(index, text_at(section, "title"), tuple(fields)))
    return rows


def has_fields_view(file: object) -> bool:
    """Return whether the file can be shown as fields: its shape is that of a form."""
    return is_object(file) and isinstance(file.get("sections"), list) and is_object(file.get("document"))


def apply_controls(file: Document, post: QueryDict) -> Document:
    """Return the file with what the controls say. What has no control stays as it is."""
    sections = list_at(file, "sections")
    entries = [entry for section in sections for entry in list_at(section, "fields") if is_object(entry)]
    result: list[Document] = []
    for token in post.getlist("layout"):
        match = _TOKEN.fullmatch(token)
        number = int(match[2]) if match else -1
        if match is None or number >= len(sections if match[1] == "s" else entries):
            continue
        if match[1] == "s":
            title = (
                _line(post, f"section-{number}")
                if f"section-{number}" in post
                else text_at(sections[number], "title")
            )
            result.append({**sections[number], "title": title, "fields": []})
        elif result:
            result[-1]["fields"].append(_with_controls(entries[number], number, post))
    texts = {key: _line(post, key) for key in ("name", "description", "note") if key in post}
    is_same = result == sections and all(text_at(file, key) == text for key, text in texts.items())
    return file if is_same else {**file, **texts, "sections": result}


def apply_action(
    file: Document, action: str, post: QueryDict, definitions: Mapping[str, Document]
) -> tuple[Document, str]:
    """Return the file after a button of the designer, and the name of a new field. Raise DesignError."""
    verb, _, name = action.partition(":")
    if verb == "add" and (variable := post.get("variable", "").strip()[:500]):
        return designer.ask_for_variable(file, variable, definitions)
    if verb == "add":
        pointer = post.get("pointer", "").strip()[:500] or post.get("place", "")[:500]
        return designer.ask_for(file, drop_nul(pointer), definitions)
    if verb == "remove":
        return designer.keep_fixed(file, name), ""
    if verb in _MOVES:
        return designer.move_field(file, name, _MOVES[verb]), ""
    if verb == "section":
        return {**file, "sections": [*list_at(file, "sections"), {"title": "", "fields": []}]}, ""
    if verb in _SECTION_MOVES and _NUMBER.fullmatch(name):
        return designer.move_section(file, int(name), _SECTION_MOVES[verb]), ""
    if verb == "remove-section" and _NUMBER.fullmatch(name):
        return designer.remove_empty_section(file, int(name)), ""
    return file, ""


def place_choices(file: Document, definitions: Mapping[str, Document]) -> Sequence[FormPlace]:
    return designer.possible_places(object_at(file, "document"), definitions)


def _texts_of(entry: Document) -> dict[str, str]:
    by, when, default = object_at(entry, "choices_by"), object_at(entry, "shown_when"), entry.get("default")
    return {
        **{key: text_at(entry, key) for key in TEXT_KEYS},
        **{key: plain_text(entry.get(key)) or "" for key in NUMBER_KEYS},
        "type": text_at(entry, "type") or LaunchFieldType.TEXT.value,
        "mode": text_at(entry, "mode") or FieldMode.ASK.value,
        "default_from": text_at(entry, "default_from") or DefaultSource.FIXED.value,
        "default": SEPARATOR.join(map(str, default)) if isinstance(default, list) else plain_text(default) or "",
        "choices": "\n".join(map(str, list_at(entry, "choices"))),
        "by": text_at(by, "field"),
        "by_choices": "\n".join(
            f"{value}: {', '.join(map(str, choices))}" for value, choices in object_at(by, "choices").items()
        ),
        "when": text_at(when, "field"),
        "when_values": ", ".join(map(str, list_at(when, "values"))),
    }


def _with_controls(entry: Document, number: int, post: QueryDict) -> Document:
    """Return an entry with the texts that differ from its own."""
    before = _texts_of(entry)
    after = {key: _posted(post, key, number, text) for key, text in before.items()}
    result = dict(entry)
    for key, text in after.items():
        if text != before[key] and key in (*TEXT_KEYS, *NUMBER_KEYS, "type", "mode", "default_from", "default"):
            _set_or_remove(result, key, json.loads(text) if key in NUMBER_KEYS and NUMBER.fullmatch(text) else text)
    if after["mode"] == FieldMode.ASK:
        result.pop("mode", None)
    if after["default_from"] == DefaultSource.FIXED:
        result.pop("default_from", None)
    if after["choices"] != before["choices"]:
        _set_or_remove(result, "choices", list(dict.fromkeys(_lines(after["choices"]))))
    if (after["by"], after["by_choices"]) != (before["by"], before["by_choices"]):
        _set_or_remove(result, "choices_by", _choices_by(after["by"], after["by_choices"]))
    if (after["when"], after["when_values"]) != (before["when"], before["when_values"]):
        values = [text.strip() for text in after["when_values"].split(",") if text.strip()]
        _set_or_remove(result, "shown_when", {"field": after["when"], "values": values} if after["when"] else None)
    if f"label-{number}" in post:
        is_required = f"required-{number}" in post
        if is_required != (entry.get("required") is not False):
            _set_or_remove(result, "required", None if is_required else False)
    return result


def _posted(post: QueryDict, key: str, number: int, text: str) -> str:
    name = f"{key}-{number}"
    if name not in post:
        return text
    if key in ("choices", "by_choices"):
        return "\n".join(_lines(post.get(name, "")))
    return _line(post, name)


def _choices_by(field: str, text: str) -> Document | None:
    if not field:
        return None
    choices = {}
    for line in _lines(text):
        value, _, texts = line.partition(":")
        choices[value.strip()] = [choice.strip() for choice in texts.split(",") if choice.strip()]
    return {"field": field, "choices": choices}


def _set_or_remove(entry: Document, key: str, value: Any) -> None:
    if value is None or value in ("", []):
        entry.pop(key, None)
    else:
        entry[key] = value


def _lines(text: str) -> list[str]:
    return [line.strip() for line in drop_nul(text).splitlines() if line.strip()]


def _line(post: QueryDict, name: str) -> str:
    return " ".join(drop_nul(post.get(name, "")).split())
