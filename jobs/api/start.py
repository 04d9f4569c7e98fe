"""Requests that start a template or a form, and the places of their problems."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from jobs.api.errors import ApiProblemError
from jobs.models.submission import OnRefusal
from jobs.spec.documents import Document, is_integer, is_object
from jobs.spec.problems import Problem
from jobs.spec.substitution import parameters_at


def read_start(body: Mapping[str, object]) -> tuple[Mapping[str, object], int | None, str]:
    """Return values, version and what happens if a step is refused. Raise ApiProblemError."""
    values, version, on_refusal = body.get("values", {}), body.get("version"), body.get("on_refusal", OnRefusal.STOP)
    for key in body:
        if key not in ("values", "version", "on_refusal"):
            raise ApiProblemError(
                422, "Invalid field", f"There is no field {key[:60]}. Use values, version, on_refusal."
            )
    if not is_object(values):
        raise ApiProblemError(422, "Invalid field", "values must be an object of names and values.")
    if version is not None and not is_integer(version):
        raise ApiProblemError(422, "Invalid field", "version must be a whole number.")
    if not isinstance(on_refusal, str) or on_refusal not in set(OnRefusal):
        raise ApiProblemError(422, "Invalid field", "on_refusal must be stop or keep.")
    return values, version, on_refusal


def problems_of_values(problems: Iterable[Problem], document: Document) -> list[Problem]:
    """Move problems of a filled document to the values that they may be about."""
    result = []
    for problem in problems:
        names = parameters_at(document, problem.pointer)
        result.append(replace(problem, pointer=f"/values/{names[0]}", fix=()) if names else problem)
    return result
