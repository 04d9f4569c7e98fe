"""Rules of a container's user, ulimits and tmpfs mounts."""

import re
from collections.abc import Iterator

from jobs.spec.containers import ContainerEntry, containers
from jobs.spec.documents import Document, is_integer, list_at, object_at, text_at
from jobs.spec.problems import Problem, join_pointer, join_words, quote
from jobs.spec.rules.registry import rule
from jobs.spec.suggestions import SuggestionBudget

ULIMIT_NAMES = (
    "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
    "rttime", "sigpending", "stack",
)  # fmt: skip
"""Ulimit, AWS Batch API reference."""

TMPFS_OPTIONS = (
    "defaults", "ro", "rw", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async", "dirsync", "remount",
    "mand", "nomand", "atime", "noatime", "diratime", "nodiratime", "bind", "rbind", "unbindable", "runbindable",
    "private", "rprivate", "shared", "rshared", "slave", "rslave", "relatime", "norelatime", "strictatime",
    "nostrictatime", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol",
)  # fmt: skip
"""Tmpfs, AWS Batch API reference."""

TMPFS_OPTIONS_WITH_VALUE = ("mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol")
"""Options that take a value after =; tmpfs(5)."""

UNLIMITED = -1

_NAME = "[a-z0-9_][a-z0-9_-]{0,30}"
USER = re.compile(f"{_NAME}(:{_NAME})?")


@rule("containers.user")
def user_is_valid(document: Document) -> Iterator[Problem]:
    """The user of a container is a name or number, or user:group, in lower case and of at most 31 characters each.

    Source: the response of AWS Batch: “User '$(id -u)' does not match regex”, ^([a-z0-9_][a-z0-9_-]{0,30})$; the
    forms of user in TaskContainerProperties, AWS Batch API reference.
    """
    for container in _ecs_containers(document):
        user = text_at(container.value, "user")
        if user and not USER.fullmatch(user):
            message = (
                "user must be a name or number, or user:group, such as 1000:1000, with lower-case letters, digits, "
                f"_ and -; found {quote(user)}."
            )
            yield Problem(join_pointer(*container.path, "user"), message)


@rule("containers.ulimit-name")
def ulimits_are_known(document: Document) -> Iterator[Problem]:
    """A ulimit has one of the names that Docker knows, such as nofile.

    Source: Ulimit, AWS Batch API reference.
    """
    suggestions = SuggestionBudget()
    for container in _ecs_containers(document):
        for position, entry in enumerate(list_at(container.value, "ulimits")):
            name = object_at(entry).get("name")
            if isinstance(name, str) and name not in ULIMIT_NAMES:
                here = join_pointer(*container.path, "ulimits", position, "name")
                yield _unknown_word(
                    here, f"{quote(name)} is not the name of a ulimit", name, ULIMIT_NAMES, suggestions
                )


@rule("containers.ulimit-limits")
def soft_limit_is_not_above_hard_limit(document: Document) -> Iterator[Problem]:
    """The soft limit of a ulimit is at most its hard limit.

    Source: Ulimit, AWS Batch API reference; setrlimit(2), which Docker calls.
    """
    for container in _ecs_containers(document):
        for position, entry in enumerate(list_at(container.value, "ulimits")):
            soft, hard = object_at(entry).get("softLimit"), object_at(entry).get("hardLimit")
            if not is_integer(soft) or not is_integer(hard) or hard == UNLIMITED:
                continue
            if soft > hard or soft == UNLIMITED:
                message = f"softLimit {soft} is above hardLimit {hard}; lower it, or raise hardLimit."
                yield Problem(join_pointer(*container.path, "ulimits", position, "softLimit"), message)


@rule("containers.tmpfs-option")
def tmpfs_options_are_known(document: Document) -> Iterator[Problem]:
    """A tmpfs mount has mount options that AWS Batch knows, such as rw or noexec.

    Source: Tmpfs, AWS Batch API reference.
    """
    suggestions = SuggestionBudget()
    for container in _ecs_containers(document):
        for position, entry in enumerate(list_at(container.value, "linuxParameters", "tmpfs")):
            for number, option in enumerate(list_at(entry, "mountOptions")):
                if not isinstance(option, str):
                    continue
                name, sign, _ = option.partition("=")
                if name in (TMPFS_OPTIONS_WITH_VALUE if sign else TMPFS_OPTIONS):
                    continue
                here = join_pointer(*container.path, "linuxParameters", "tmpfs", position, "mountOptions", number)
                message = f"{quote(option)} is not a mount option of tmpfs"
                yield _unknown_word(here, message, name, TMPFS_OPTIONS, suggestions)


RULES = (user_is_valid, ulimits_are_known, soft_limit_is_not_above_hard_limit, tmpfs_options_are_known)


def _ecs_containers(document: Document) -> Iterator[ContainerEntry]:
    return (container for container in containers(document) if container.type != "eks")


def _unknown_word(
    here: str, message: str, name: str, names: tuple[str, ...], suggestions: SuggestionBudget
) -> Problem:
    suggestion = suggestions.nearest(name, names)
    hint = (
        f"did you mean {suggestion}?"
        if suggestion
        else f"use one of {join_words(names, conjunction='or', limit=20)}."
    )
    fix = ({"op": "replace", "path": here, "value": suggestion},) if suggestion else ()
    return Problem(here, f"{message}; {hint}", fix=fix)
