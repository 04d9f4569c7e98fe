"""Values in the places of parameters: of a workflow template, and of a launch form."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from jobs.spec.documents import Document, DocumentKind, Path, text_at, value_at
from jobs.spec.parsing.key_case import fix_keys_and_types
from jobs.spec.problems import Problem, Severity, join_pointer, quote, resolve_pointer
from jobs.spec.redaction import MASK, is_secret_name, redact, redact_value, redacted_values
from jobs.spec.rules import workflow
from jobs.spec.suggestions import nearest_name
from jobs.spec.template_parameters import (
    NAME,
    REFERENCE,
    Parameter,
    ParameterType,
    ParameterValue,
    check_parameters,
    iter_references,
    sample_values,
)

MAX_ADDED_CHARACTERS = 1024 * 1024
"""That values add to a document: a value can stand in many places."""


class Replaced(Protocol):
    """What a reference stands for."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...


class TooLongError(ValueError):
    """The document would be too long with these values."""


def substitute(document: Document, values: Mapping[str, ParameterValue]) -> tuple[Document, list[Problem]]:
    """Return the document with the values, and a problem at each reference without one, which stays as it is.

    Values are texts that are not looked at again. A string that is nothing but the reference to a number becomes that
    number. Raise TooLongError.
    """
    substitution = _Substitution(values)
    return substitution.replace(document, ()), substitution.problems


class _Substitution:
    def __init__(self, values: Mapping[str, ParameterValue]) -> None:
        self.values = values
        self.problems: list[Problem] = []
        self.remaining = MAX_ADDED_CHARACTERS

    def replace(self, value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            return {key: self.replace(member, (*path, key)) for key, member in value.items()}
        if isinstance(value, list):
            return [self.replace(entry, (*path, number)) for number, entry in enumerate(value)]
        return self._replace_text(value, path) if isinstance(value, str) and "${param." in value else value

    def _replace_text(self, text: str, path: Path) -> str | int | float:
        parts, end = [], 0
        for match in REFERENCE.finditer(text):
            name = match[1]
            value = self.values.get(name)
            if value is None:
                self.problems.append(_unknown_parameter(name, path, tuple(self.values)))
                continue
            if match[0] == text:
                self._count(value)
                return value.whole
            self._count(value)
            parts += [text[end : match.start()], value.text]
            end = match.end()
        return "".join([*parts, text[end:]])

    def _count(self, value: ParameterValue) -> None:
        self.remaining -= len(value.text)
        if self.remaining < 0:
            raise TooLongError("With these values the document is too long. Use shorter values.")


def _unknown_parameter(name: str, path: Path, names: Sequence[str]) -> Problem:
    nearest = nearest_name(name, tuple(names))
    advice = f"Did you mean {quote(nearest)}?" if nearest else "Add it to the parameters, or don't use it."
    if not NAME.fullmatch(name):
        advice = "A parameter's name has up to 64 letters, digits, - and _, and begins with a letter."
    message = f"The template has no parameter {quote(name)}. {advice}"
    return Problem(join_pointer(*path), message, rule="template.unknown-parameter")


def fill(
    document: Document, values: Mapping[str, ParameterValue], kind: DocumentKind = DocumentKind.WORKFLOW
) -> tuple[Document, list[Problem]]:
    """Substitute, and give each value the type that AWS Batch expects at its place. Raise TooLongError."""
    result, problems = substitute(document, values)
    return fix_keys_and_types(result, kind).document, problems


def parameter_names(document: Document) -> list[str]:
    """Return the names that the document refers to, each once, in document order."""
    names: dict[str, None] = {}
    for _, text in iter_references(document, ()):
        names |= dict.fromkeys(REFERENCE.findall(text))
    return list(names)


def parameters_at(document: Document, pointer: str) -> list[str]:
    """Return the parameters that a problem at `pointer` of the filled document may be about."""
    try:
        value = resolve_pointer(document, pointer)
    except LookupError:
        return []
    return list(dict.fromkeys(REFERENCE.findall(value))) if isinstance(value, str) else []


def merge_parameters(document: Document, parameters: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """Return the parameters that the document refers to, those that are known first; others are texts."""
    names = parameter_names(document)
    current = [parameter for parameter in parameters if parameter.name in names]
    current_names = {parameter.name for parameter in current}
    return (*current, *(Parameter(name) for name in names if name not in current_names and NAME.fullmatch(name)))


def check_template(document: Document, parameters: Sequence[Parameter]) -> list[Problem]:
    """Return what is wrong with a template, whatever team it is for, at places of its document and parameters."""
    problems = [*check_parameters(parameters), *check_keys(document)]
    try:
        sample, unknown_names = fill(document, sample_values(parameters))
    except TooLongError as error:
        return [*problems, Problem("", str(error), rule="template.too-long")]
    names = set(parameter_names(document))
    for number, parameter in enumerate(parameters):
        if parameter.name not in names and NAME.fullmatch(parameter.name):
            message = f"The workflow doesn't use ${{param.{parameter.name}}}. Use the parameter or remove it."
            problems.append(
                Problem(join_pointer("parameters", number, "name"), message, rule="template.unused-parameter")
            )
    problems += [*unknown_names, *_secret_choices(document, parameters)]
    problems += secret_place_problems(document, parameters, sample_values(parameters))
    if any(problem.severity is Severity.ERROR for problem in problems):
        return problems
    problems += without_open_places(document, open_names(parameters), workflow.check_workflow(sample))
    return problems


def without_open_places(document: Document, names: Collection[str], problems: Sequence[Problem]) -> list[Problem]:
    """Leave out what is said of values that only the person who enters them knows."""
    return [problem for problem in problems if set(names).isdisjoint(parameters_at(document, problem.pointer))]


def open_names(parameters: Sequence[Parameter]) -> frozenset[str]:
    return frozenset(parameter.name for parameter in parameters if is_open(parameter))


def is_open(parameter: Parameter) -> bool:
    return parameter.default is None and parameter.type in (ParameterType.TEXT, ParameterType.NUMBER)


def check_keys(value: Any, path: Path = ()) -> Iterator[Problem]:
    """Yield a problem at each field whose name has a parameter."""
    if isinstance(value, dict):
        for key, member in value.items():
            if REFERENCE.search(key):
                message = "Use parameters in values, not in field names."
                yield Problem(join_pointer(*path, key), message, rule="template.parameter-in-key")
            yield from check_keys(member, (*path, key))
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from check_keys(entry, (*path, number))


def _secret_choices(document: Document, parameters: Sequence[Parameter]) -> Iterator[Problem]:
    """Choices are labels, so they can't be masked."""
    if not any(parameter.type is ParameterType.CHOICE for parameter in parameters):
        return
    secrets = secret_parameters(document, parameters)
    for number, parameter in enumerate(parameters):
        if parameter.type is ParameterType.CHOICE and parameter.name in secrets:
            message = "Everyone in the team can see the choices, but this value is a secret. Use the type text."
            yield Problem(join_pointer("parameters", number, "choices"), message, rule="template.secret-choice")


def secret_parameters(document: Document, parameters: Sequence[Replaced]) -> frozenset[str]:
    """Return the names of parameters whose values are masked, by their own names or by their places."""
    names = {parameter.name for parameter in parameters if is_secret_name(parameter.name)}
    probes = _probes(parameter.name for parameter in parameters)
    try:
        probe, _ = substitute(document, probes)
    except TooLongError:
        return frozenset(probes)
    for secret in redacted_values(probe):
        references = Counter(REFERENCE.findall(text_at(document, *secret.path)))
        text = str(secret.masked)
        known_names = references.keys() & probes.keys()
        names.update(name for name in known_names if text.count(probes[name].text) < references[name])
    return frozenset(names)


def _probes(names: Iterable[str]) -> dict[str, ParameterValue]:
    """Return values that are taken for secrets wherever secrets stand, and that differ."""
    return {name: ParameterValue(f"zk8Qw3Rt71{number:04}") for number, name in enumerate(names)}


def secret_place_problems(
    document: Document,
    parameters: Sequence[Replaced],
    values: Mapping[str, ParameterValue],
    secrets: Collection[str] | None = None,
) -> list[Problem]:
    """Return a problem at each place where jobs would show a secret: filled in, it is a text like any other.

    `secrets`: the `secret_parameters`, where a document is filled many times. Raise TooLongError.
    """
    secrets = secret_parameters(document, parameters) if secrets is None else secrets
    titles = {parameter.name: parameter.title for parameter in parameters}
    message = (
        "{} is a secret, and everyone in the team could read it here. Pass it in an environment variable whose name "
        "says so, such as DB_PASSWORD, or use secrets of the job definition. Rename a parameter that isn't a secret."
    )
    probes = {**values, **_probes(secrets)}
    return [
        Problem(join_pointer(*path), message.format(quote(titles.get(name, name))), rule="template.visible-secret")
        for path, name in _visible_secrets(document, probes, secrets)
    ]


def secret_value_problems(
    document: Document,
    parameters: Sequence[Replaced],
    values: Mapping[str, ParameterValue],
    secrets: Collection[str] | None = None,
) -> list[Problem]:
    """Return a problem, at `/values/name`, for each secret of which a part would show, such as one with blanks.

    `secrets` as of `secret_place_problems`. Raise TooLongError.
    """
    secrets = {
        name
        for name in (secret_parameters(document, parameters) if secrets is None else secrets)
        if name in values and redact_value("password", values[name].text) == MASK
    }
    message = (
        "Part of this value would be visible in the jobs. Use a value without blanks and quotes, or ask the owner to "
        "pass it as the whole value of an environment variable."
    )
    names = dict.fromkeys(name for _, name in _visible_secrets(document, values, secrets))
    return [Problem(join_pointer("values", name), message, rule="template.visible-secret") for name in names]


def _visible_secrets(
    document: Document, values: Mapping[str, ParameterValue], secrets: Collection[str]
) -> Iterator[tuple[Path, str]]:
    """Yield the places of secrets whose values redaction doesn't hide completely there."""
    masks = {**values, **dict.fromkeys(secrets, ParameterValue(MASK))}
    parts: dict[Path, tuple[Any, Any]] = {}
    for path, text in iter_references(document, ()):
        names = [name for name in REFERENCE.findall(text) if name in secrets]
        if not names:
            continue
        prefix = path[:2]  # such as a step: what hides a value stands within
        key = str(prefix[-1])
        if prefix not in parts:
            part = {key: value_at(document, *prefix)}
            parts[prefix] = redact(substitute(part, values)[0]), redact(substitute(part, masks)[0])
        shown_value, mask = (value_at(part, key, *path[2:]) for part in parts[prefix])
        if shown_value != mask:
            yield path, names[0]


def mask_default(parameter: Parameter, secrets: frozenset[str]) -> Parameter:
    """Return the parameter as pages show it."""
    if not parameter.default:
        return parameter
    return replace(parameter, default=mask_value(parameter.name, parameter.default, secrets))


def mask_value(name: str, text: str, secrets: frozenset[str]) -> str:
    return MASK if name in secrets and text else redact_value(name, text)
