"""Problems of a form itself: of its fields, and of its document with them."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from jobs.spec.documents import Document, DocumentKind
from jobs.spec.launch_forms.fields import (
    MAX_FIELDS,
    MAX_SECTIONS,
    SEPARATOR,
    DefaultSource,
    FormSection,
    LaunchField,
    LaunchFieldType,
    fields_of,
)
from jobs.spec.launch_forms.filling import fill_with_problems
from jobs.spec.launch_forms.values import FormValues, sample_values, value_problem
from jobs.spec.problems import Problem, has_errors, join_pointer, quote
from jobs.spec.rules.validate import validate_document
from jobs.spec.substitution import (
    TooLongError,
    check_keys,
    parameter_names,
    secret_parameters,
    secret_place_problems,
    without_open_places,
)
from jobs.spec.suggestions import nearest_name
from jobs.spec.template_parameters import (
    MAX_CHOICES,
    MAX_HELP_LENGTH,
    MAX_LABEL_LENGTH,
    MAX_VALUE_LENGTH,
    NAME,
    REFERENCE,
    has_control_character,
    iter_references,
)

MAX_PATTERN_LENGTH = 200
RULE = "form.field"

_KeyMessage = tuple[tuple[str | int, ...], str]


def check_form(document: Document, kind: DocumentKind, sections: Sequence[FormSection]) -> list[Problem]:
    """Return problems at places of the form's file, whatever team it is for."""
    problems = list(check_sections(sections))
    if has_errors(problems):
        return problems
    fields = fields_of(sections)
    problems += [*check_keys(document, ("document",)), *_unused_fields(document, sections)]
    problems += [*_unknown_references(document, fields), *_secret_choices(document, sections)]
    if has_errors(problems):
        return problems
    try:
        for values in samples(fields):
            problems += check_sample(document, kind, fields, values)
    except TooLongError as error:
        problems.append(Problem("/document", str(error), rule="form.too-long"))
    return list({(problem.rule, problem.pointer): problem for problem in problems}.values())


def samples(fields: Sequence[LaunchField]) -> Iterator[FormValues]:
    """Yield values of everything that can be asked for, and those of a person who leaves out what they may."""
    yield sample_values(fields)
    if any(not field.required for field in fields):
        yield sample_values(fields, optional=False)


def check_sample(
    document: Document, kind: DocumentKind, fields: Sequence[LaunchField], values: FormValues
) -> list[Problem]:
    """Return what is wrong with a document of the form. Raise TooLongError."""
    sample, problems = fill_with_problems(document, values.values, kind)
    problems += secret_place_problems(document, fields, values.values)
    problems += without_open_places(document, open_names(fields), validate_document(kind, sample))
    return [problem.with_prefix("/document") for problem in problems]


def open_names(fields: Sequence[LaunchField]) -> frozenset[str]:
    """Return the fields whose values only the person who starts the form knows."""
    return frozenset(field.name for field in fields if field.is_open)


def check_sections(sections: Sequence[FormSection]) -> Iterator[Problem]:
    """Yield what is wrong with the fields, at `/sections/0/fields/1/name` and the like."""
    count = len(fields_of(sections))
    if len(sections) > MAX_SECTIONS or count > MAX_FIELDS:
        message = f"A form can have {MAX_SECTIONS} sections and {MAX_FIELDS} fields."
        yield Problem("/sections", message, rule="form.too-many-fields")
        return
    earlier: dict[str, LaunchField] = {}
    for number, section in enumerate(sections):
        if len(section.title) > MAX_LABEL_LENGTH or has_control_character(section.title):
            pointer = join_pointer("sections", number, "title")
            yield Problem(pointer, f"Use at most {MAX_LABEL_LENGTH} characters on one line.", rule=RULE)
        for place, field in enumerate(section.fields):
            for keys, message in _field_problems(field, earlier):
                yield Problem(join_pointer("sections", number, "fields", place, *keys), message, rule=RULE)
            earlier[field.name] = field


def _field_problems(field: LaunchField, earlier: Mapping[str, LaunchField]) -> Iterator[_KeyMessage]:
    if not NAME.fullmatch(field.name):
        yield ("name",), "A field's name has up to 64 letters, digits, - and _, and begins with a letter."
    elif field.name in earlier:
        yield ("name",), f"Two fields are named {quote(field.name)}. Rename one."
    for key, text, limit in (("label", field.label, MAX_LABEL_LENGTH), ("help", field.help, MAX_HELP_LENGTH)):
        if len(text) > limit or has_control_character(text):
            yield (key,), f"Use at most {limit} characters, without control characters."
    yield from _number_problems(field)
    yield from _choice_problems(field)
    yield from _control_problems(field, earlier)
    yield from _pattern_problems(field)
    yield from _default_problems(field)


def _number_problems(field: LaunchField) -> Iterator[_KeyMessage]:
    for key, number in (("min", field.min), ("max", field.max), ("step", field.step)):
        if number is not None and not field.is_number:
            yield (key,), "Only a number can have bounds and a step."
    if field.min is not None and field.max is not None and field.min > field.max:
        yield ("max",), "The maximum is below the minimum."
    if field.step is not None and field.step <= 0:
        yield ("step",), "The step must be above 0."


def _choice_problems(field: LaunchField) -> Iterator[_KeyMessage]:
    if not field.has_choices:
        if field.choices or field.choices_by:
            yield ("choices",), "Only the types choice and several have choices."
        return
    if bool(field.choices) == bool(field.choices_by):
        yield ("choices",), "Enter choices, or choices_by the value of another field."
        return
    lists = field.choices_by.choices if field.choices_by else {"": field.choices}
    for value, choices in lists.items():
        keys = ("choices_by", "choices", value) if field.choices_by else ("choices",)
        if not choices or len(choices) > MAX_CHOICES or len(set(choices)) < len(choices):
            yield keys, f"Enter 1 to {MAX_CHOICES} choices, each once."
        elif any(not _is_choice(field, choice) for choice in choices):
            message = f"A choice has 1 to {MAX_VALUE_LENGTH:,} characters and contains no parameter"
            yield keys, f"{message} and no comma." if field.type is LaunchFieldType.SEVERAL else f"{message}."


def _is_choice(field: LaunchField, text: str) -> bool:
    is_joined = field.type is LaunchFieldType.SEVERAL and SEPARATOR in text
    is_text = 0 < len(text) <= MAX_VALUE_LENGTH and not has_control_character(text)
    return is_text and not is_joined and not _has_reference(text)


def _has_reference(text: str) -> bool:
    return any(True for _ in iter_references(text, ()))


def _control_problems(field: LaunchField, earlier: Mapping[str, LaunchField]) -> Iterator[_KeyMessage]:
    parts = (
        ("shown_when", field.shown_when and (field.shown_when.field, field.shown_when.values)),
        ("choices_by", field.choices_by and (field.choices_by.field, tuple(field.choices_by.choices))),
    )
    for key, part in parts:
        if not part:
            continue
        name, values = part
        control = earlier.get(name)
        if control is None or control.type not in (LaunchFieldType.CHOICE, LaunchFieldType.YES_NO):
            yield (key, "field"), "Name a field further up, of the type choice or yes-no."
            continue
        missing = [value for value in values if value not in control.all_choices()]
        if missing or not values:
            yield (key,), f"Use values of {control.title}."
        elif key == "choices_by" and set(control.all_choices()) - set(values):
            yield (key, "choices"), f"Enter choices for every value of {control.title}."


def _pattern_problems(field: LaunchField) -> Iterator[_KeyMessage]:
    if field.pattern and field.type not in (LaunchFieldType.TEXT, LaunchFieldType.PATH, LaunchFieldType.SECRET):
        yield ("pattern",), "Only the types text, path and secret have a pattern."
    if len(field.pattern) > MAX_PATTERN_LENGTH or has_control_character(field.pattern):
        yield ("pattern",), f"Use at most {MAX_PATTERN_LENGTH} characters."
    elif field.pattern and not field.sample:
        yield ("sample",), "Enter a value that matches the pattern. It is shown to who enters another."
    elif field.pattern and not fnmatchcase(field.sample, field.pattern):
        yield ("sample",), "The sample doesn't match the pattern."
    elif field.sample and (field.has_choices or value_problem(field, field.sample, field.choices)):
        yield ("sample",), "The sample isn't a value that the field takes."


def _default_problems(field: LaunchField) -> Iterator[_KeyMessage]:
    sources = {
        DefaultSource.FIXED: None,
        DefaultSource.PERSON: (LaunchFieldType.TEXT,),
        DefaultSource.TEAM: (LaunchFieldType.TEXT,),
        DefaultSource.DATE: (LaunchFieldType.DATE, LaunchFieldType.TEXT),
        DefaultSource.LAST_RUN: None,
    }
    types = sources[field.default_from]
    if types and field.type not in types:
        yield ("default_from",), f"A field of the type {field.type.value} can't begin with that."
    if field.is_locked and field.default_from is DefaultSource.LAST_RUN:
        yield ("default_from",), "The value of a locked field can't be from the last run."
    if field.default is None:
        is_chosen = field.choices_by is not None and field.type is LaunchFieldType.CHOICE
        if field.is_locked and field.default_from is DefaultSource.FIXED and not is_chosen:
            yield ("default",), "A locked field needs its value as default."
        return
    if field.default_from not in (DefaultSource.FIXED, DefaultSource.LAST_RUN):
        yield ("default",), "Remove the default, or default_from."
    elif _has_reference(field.default):
        yield ("default",), "A default can't contain a parameter."
    elif (field.default or field.is_locked) and (problem := value_problem(field, field.default, field.all_choices())):
        yield ("default",), problem


def _unused_fields(document: Document, sections: Sequence[FormSection]) -> Iterator[Problem]:
    """Yield a problem for each field that neither stands in the document nor decides about another."""
    used = {*parameter_names(document), *(name for field in fields_of(sections) for name in field.controls)}
    for number, section in enumerate(sections):
        for place, field in enumerate(section.fields):
            if field.name not in used:
                message = f"The document doesn't use ${{param.{field.name}}}. Use the field or remove it."
                pointer = join_pointer("sections", number, "fields", place, "name")
                yield Problem(pointer, message, rule="form.unused-field")


def _unknown_references(document: Document, fields: Sequence[LaunchField]) -> Iterator[Problem]:
    names = [field.name for field in fields]
    for path, text in iter_references(document, ("document",)):
        for name in dict.fromkeys(REFERENCE.findall(text)):
            if name not in names:
                nearest = nearest_name(name, tuple(names))
                advice = f"Did you mean {quote(nearest)}?" if nearest else "Add it to a section, or don't use it."
                message = f"The form has no field {quote(name)}. {advice}"
                yield Problem(join_pointer(*path), message, rule="form.unknown-field")


def _secret_choices(document: Document, sections: Sequence[FormSection]) -> Iterator[Problem]:
    """Choices, and values of locked fields, are shown to everyone."""
    secrets = secret_parameters(document, fields_of(sections))
    for number, section in enumerate(sections):
        for place, field in enumerate(section.fields):
            if field.name in secrets and (field.has_choices or field.is_locked or field.default):
                message = (
                    "Everyone in the team can see choices and defaults, but this value is a secret. Ask for it, or "
                    "use secrets of the job definition."
                )
                pointer = join_pointer("sections", number, "fields", place)
                yield Problem(pointer, message, rule="form.secret-choice")
