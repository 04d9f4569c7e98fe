"""Where each value of a document stands in its text, and which keys were written twice."""

import json
import re
from dataclasses import dataclass, field

from jobs.spec.problems import join, split
from jobs.spec.text import STRING

_TOKEN = re.compile(STRING + r'|[\[{\]}]|[^\s,:\[\]{}"]++')

MOST_DUPLICATES = 20
"""So many duplicate keys are told one by one; the first already stops the document."""


@dataclass(slots=True)
class Node:
    """A value in the text: the offset of its key, or of itself where it has none, and what it holds."""

    offset: int
    members: "dict[str, Node]" = field(default_factory=dict)


@dataclass(frozen=True)
class Duplicate:
    """A key that one object has twice."""

    pointer: str
    first: int  # offset
    second: int


@dataclass(frozen=True)
class Outline:
    """The tree of places of one text."""

    root: Node
    duplicates: tuple[Duplicate, ...] = ()

    @classmethod
    def empty(cls) -> "Outline":
        """Of a text whose parts have no places of their own."""
        return cls(Node(0))

    def offset(self, pointer: str) -> int:
        """Where a pointer's value stands, or its nearest ancestor that the text has."""
        node = self.root
        for key in split(pointer):
            if key not in node.members:
                break
            node = node.members[key]
        return node.offset


@dataclass(slots=True)
class _OpenContainer:
    """An object or list whose end has not come yet."""

    node: Node
    is_object: bool
    key: str | None = None  # read, and waiting for its value
    key_offset: int = 0
    own_key: str = ""


def outline(text: str) -> Outline:
    """The places in a text that is JSON (comments already blanked). One pass, no recursion."""
    root = Node(0)
    open_containers: list[_OpenContainer] = []
    duplicates: list[Duplicate] = []
    for match in _TOKEN.finditer(text):
        piece, offset = match.group(), match.start()
        if piece in "]}":
            open_containers.pop()
            continue
        parent = open_containers[-1] if open_containers else None
        if parent and parent.is_object and parent.key is None:
            parent.key, parent.key_offset = _key(piece), offset
            continue
        node, own_key = Node(offset), ""
        if parent is None:
            root = node
        elif parent.is_object and parent.key is not None:
            node.offset, own_key, parent.key = parent.key_offset, parent.key, None
            earlier = parent.node.members.get(own_key)
            if earlier and len(duplicates) < MOST_DUPLICATES:
                pointer = join(*(step.own_key for step in open_containers[1:]), own_key)
                duplicates.append(Duplicate(pointer, earlier.offset, node.offset))
            parent.node.members[own_key] = node
        else:
            own_key = str(len(parent.node.members))
            parent.node.members[own_key] = node
        if piece in "[{":
            open_containers.append(_OpenContainer(node, piece == "{", own_key=own_key))
    return Outline(root, tuple(duplicates))


def _key(piece: str) -> str:
    return str(json.loads(piece)) if "\\" in piece else piece[1:-1]
