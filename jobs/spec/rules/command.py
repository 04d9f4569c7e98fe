"""Commands written for a shell, which AWS Batch doesn't start."""

import re
import shlex
from collections.abc import Callable, Iterator, Sequence

from jobs.spec import containers
from jobs.spec.documents import Document, list_at
from jobs.spec.problems import Problem, join_pointer, quote
from jobs.spec.rules.registry import WARNING, rule

_SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh"})
_OPERATORS = frozenset({"|", "||", "&&", ";", ">", ">>", "<", "2>", "2>&1"})
_VARIABLE = re.compile(r"\$(?:[A-Z_][A-Z0-9_]*|\{[A-Z_][A-Z0-9_]*\})")
_QUOTED_IN_SHELL = re.compile(r'["\\`]')


@rule("containers.no-shell", WARNING)
def shell_syntax_has_shell(document: Document) -> Iterator[Problem]:
    """The arguments of a command are passed on as they are: $NAME, | and > need a shell, such as sh -c.

    Source: ContainerProperties, AWS Batch API reference: command becomes the CMD of the container, in its exec form.
    """
    for container in containers.containers(document):
        arguments = [word for word in list_at(container.value, "command") if isinstance(word, str)]
        syntax = next(filter(None, map(_shell_syntax, arguments)), "")
        if container.type == "eks" or not syntax or _has_program_text(arguments):
            continue
        here = join_pointer(*container.path, "command")
        message = f"No shell reads this command, so {quote(syntax)} stays as written. Run it with sh -c."
        fix = {"op": "replace", "path": here, "value": ["sh", "-c", _shell_line(arguments)]}
        yield Problem(here, message, fix=(fix,))


RULES: tuple[Callable[[Document], Iterator[Problem]], ...] = (shell_syntax_has_shell,)


def _shell_syntax(word: str) -> str:
    if word in _OPERATORS:
        return word
    variable = _VARIABLE.search(word)
    return variable[0] if variable else ""


def _has_program_text(arguments: Sequence[str]) -> bool:
    """Return whether a word may be a program: of a shell, of another interpreter, or for the image's entry point."""
    return arguments[0].rpartition("/")[2] in _SHELLS or any(word in ("-c", "-e") for word in arguments)


def _shell_line(arguments: Sequence[str]) -> str:
    return " ".join(map(_shell_word, arguments))


def _shell_word(word: str) -> str:
    if word in _OPERATORS:
        return word
    if _VARIABLE.search(word) and not _QUOTED_IN_SHELL.search(word):
        return f'"{word}"'
    return shlex.quote(word)
