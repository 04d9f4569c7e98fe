"""The program that reads YAML for `isolated`: text in, JSON out.

It constructs nothing, so no tag can run code. Values follow YAML 1.2 (a date or “no” is a string). Aliases are
limited.
"""

import json
import math
import re
import sys
from typing import Any

import yaml

MAX_NODES = 20_000
MAX_DEPTH = 32

INTRINSICS = frozenset({
    "And", "Base64", "Cidr", "Condition", "Equals", "FindInMap", "GetAtt", "GetAZs", "If", "ImportValue", "Join",
    "Length", "Not", "Or", "Ref", "Select", "Split", "Sub", "ToJsonString", "Transform",
})  # fmt: skip

_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE, _FALSE = {"true", "True", "TRUE"}, {"false", "False", "FALSE"}
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


_PREFIX = "tag:yaml.org,2002:"
_TAGS = frozenset(
    _PREFIX + name for name in ("map", "seq", "str", "null", "bool", "int", "float", "timestamp", "merge", "value")
)


class _JsonNumberLoader(yaml.SafeLoader):
    """Knows numbers like 1e5, which YAML 1.2 and JSON have, and YAML 1.1 reads as strings."""


_JsonNumberLoader.add_implicit_resolver(
    f"{_PREFIX}float", re.compile(rf"(?:{_FLOAT.pattern})\Z"), list("-+.0123456789")
)


class UnfitError(Exception):
    """YAML that still can't be read."""

    def __init__(self, message: str, mark: Any) -> None:
        super().__init__(message)
        self.message = message
        self.mark = mark


class Converter:
    def __init__(self) -> None:
        self.nodes = 0

    def convert(self, node: Any, depth: int = 0) -> tuple[Any, dict[str, Any]]:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise UnfitError("the aliases of this YAML make it too large.", node.start_mark)
        if depth > MAX_DEPTH:
            raise UnfitError(f"this YAML is nested more than {MAX_DEPTH} levels deep.", node.start_mark)
        if node.tag.startswith("!") and node.tag != "!":
            return self._convert_intrinsic(node, depth)
        if node.tag not in _TAGS and node.tag != "!":
            raise UnfitError(f"the tag {node.tag[:40]} is unknown.", node.start_mark)
        if isinstance(node, yaml.MappingNode):
            return self._convert_mapping(node, depth)
        if isinstance(node, yaml.SequenceNode):
            pairs = [self.convert(entry, depth + 1) for entry in node.value]
            offsets = {
                str(number): [entry.start_mark.index, members]
                for number, (entry, (_, members)) in enumerate(zip(node.value, pairs, strict=True))
            }
            return [value for value, _ in pairs], offsets
        return self._convert_scalar(node), {}

    def _convert_intrinsic(self, node: Any, depth: int) -> tuple[Any, dict[str, Any]]:
        name = node.tag.removeprefix("!")
        if name not in INTRINSICS:
            raise UnfitError(f"the tag {node.tag[:40]} is unknown.", node.start_mark)
        kinds = {yaml.MappingNode: "map", yaml.SequenceNode: "seq"}
        node.tag = _PREFIX + kinds.get(type(node), "str")
        value, _ = self.convert(node, depth + 1)
        node.tag = f"!{name}"  # an alias may come here again
        return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}, {}

    def _convert_mapping(self, node: Any, depth: int) -> tuple[Any, dict[str, Any]]:
        values: dict[str, Any] = {}
        offsets: dict[str, Any] = {}
        inherited: list[tuple[Any, dict[str, Any]]] = []
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise UnfitError("a key must be a string.", key_node.start_mark)
            key = self._clean_text(key_node)
            if key == "<<" and key_node.style is None:
                sources = value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                inherited += [self.convert(source, depth + 1) for source in sources]
                continue
            if key in values:
                raise UnfitError(f"the key {key[:60]} is in the same mapping twice; remove one.", key_node.start_mark)
            values[key], members = self.convert(value_node, depth + 1)
            offsets[key] = [key_node.start_mark.index, members]
        for base, members in inherited:
            if isinstance(base, dict):
                values = {**base, **values}
                offsets = {**members, **offsets}
        return values, offsets

    def _clean_text(self, node: Any) -> str:
        text = str(node.value)
        if "\0" in text:
            raise UnfitError("NUL can't be stored; remove it.", node.start_mark)
        try:
            return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise UnfitError("this string has half a character (a lone surrogate).", node.start_mark) from None

    def _convert_scalar(self, node: Any) -> Any:
        text = self._clean_text(node)
        if node.style is not None or node.tag == _PREFIX + "str":
            return text
        if _NULL.fullmatch(text):
            return None
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        if _INTEGER.fullmatch(text) and not re.fullmatch(r"[-+]?0[0-9]+", text):
            return int(text)
        if _FLOAT.fullmatch(text) and len(text) < 40 and not re.fullmatch(r"[-+]?0[0-9].*", text):
            number = float(text)
            return number if math.isfinite(number) else text
        return text


def read(text: str) -> dict[str, Any]:
    try:
        documents = []
        for node in yaml.compose_all(text, Loader=_JsonNumberLoader):
            if node is not None:
                value, offsets = Converter().convert(node)
                documents.append([value, node.start_mark.index, offsets])
    except UnfitError as error:
        return {"error": error.message, "offset": error.mark.index}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return {
            "error": f"this YAML can't be read: {error.problem or 'it is broken'}.",
            "offset": mark.index if mark else 0,
        }
    except yaml.YAMLError:
        return {"error": "this YAML has characters that can't be read.", "offset": 0}
    except RecursionError:
        return {"error": f"this YAML is nested more than {MAX_DEPTH} levels deep.", "offset": 0}
    return {"documents": documents}


def main() -> None:
    text = sys.stdin.buffer.read().decode()
    json.dump(read(text), sys.stdout)


if __name__ == "__main__":
    main()
