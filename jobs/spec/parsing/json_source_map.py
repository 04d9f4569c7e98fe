"""A source map of JSON text: offsets of values, and duplicate keys."""

import json
import re
from dataclasses import dataclass, field

from jobs.spec.parsing.json_tokens import STRING
from jobs.spec.problems import join_pointer, split_pointer

_TOKEN = re.compile(STRING + r'|[\[{\]}]|[^\s,:\[\]{}"]++')

MAX_DUPLICATES = 20
"""Duplicate keys reported one by one."""


@dataclass(slots=True)
class SourceNode:
    offset: int
    members: "dict[str, SourceNode]" = field(default_factory=dict)


@dataclass(frozen=True)
class DuplicateKey:
    pointer: str
    first: int  # offset
    second: int


@dataclass(frozen=True)
class SourceMap:
    root: SourceNode
    duplicates: tuple[DuplicateKey, ...] = ()

    @classmethod
    def empty(cls) -> "SourceMap":
        return cls(SourceNode(0))

    def offset(self, pointer: str) -> int:
        node = self.root
        for key in split_pointer(pointer):
            if key not in node.members:
                break
            node = node.members[key]
        return node.offset


@dataclass(slots=True)
class _OpenContainer:
    node: SourceNode
    is_object: bool
    key: str | None = None  # key whose value comes next
    key_offset: int = 0
    own_key: str = ""


def build_source_map(text: str) -> SourceMap:
    """Map text whose comments are blanked, in one pass without recursion."""
    root = SourceNode(0)
    open_containers: list[_OpenContainer] = []
    duplicates: list[DuplicateKey] = []
    for match in _TOKEN.finditer(text):
        piece, offset = match.group(), match.start()
        if piece in "]}":
            open_containers.pop()
            continue
        parent = open_containers[-1] if open_containers else None
        if parent and parent.is_object and parent.key is None:
            parent.key, parent.key_offset = _key(piece), offset
            continue
        node, own_key = SourceNode(offset), ""
        if parent is None:
            root = node
        elif parent.is_object and parent.key is not None:
            node.offset, own_key, parent.key = parent.key_offset, parent.key, None
            earlier = parent.node.members.get(own_key)
            if earlier and len(duplicates) < MAX_DUPLICATES:
                pointer = join_pointer(*(step.own_key for step in open_containers[1:]), own_key)
                duplicates.append(DuplicateKey(pointer, earlier.offset, node.offset))
            parent.node.members[own_key] = node
        else:
            own_key = str(len(parent.node.members))
            parent.node.members[own_key] = node
        if piece in "[{":
            open_containers.append(_OpenContainer(node, piece == "{", own_key=own_key))
    return SourceMap(root, tuple(duplicates))


def _key(piece: str) -> str:
    return str(json.loads(piece)) if "\\" in piece else piece[1:-1]
