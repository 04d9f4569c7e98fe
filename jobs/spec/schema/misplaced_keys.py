"""The place of a key that is unknown where it is."""

from collections.abc import Iterator, Mapping
from typing import Any

from jobs.spec.documents import Document, Path, is_object, value_at
from jobs.spec.problems import Fix, join_pointer
from jobs.spec.schema.messages import MisplacedKey

Schema = Mapping[str, Any]

_OTHER_NAMES = {
    "env": "environment",
    "environment": "env",
    "jobRoleArn": "taskRoleArn",
    "taskRoleArn": "jobRoleArn",
    "mountPoints": "volumeMounts",
    "volumeMounts": "mountPoints",
}
"""Names of the same thing in containers of other kinds."""

_SAME_VALUES = {"env", "environment", "jobRoleArn", "taskRoleArn"}
"""Names whose values have the same form, so that a key can be renamed."""


class MisplacedKeyFinder:
    """Its document stands at the path `at` of the whole text's."""

    def __init__(self, document: Document, schema: Schema, *, what: str, at: Path = ()) -> None:
        self._document = document
        self._schema = schema
        self._what = what
        self._at = at

    def find(self, path: Path, key: str) -> MisplacedKey | None:
        here = path[len(self._at) :]
        for name in (key, _OTHER_NAMES.get(key)):
            if name and (name == key or name in _SAME_VALUES):
                for owner in self._places(here, name):
                    return self._explain(here, key, (*owner, name))
        return None

    def _places(self, here: Path, key: str) -> Iterator[Path]:
        for length in range(len(here), -1, -1):
            if is_object(value_at(self._document, *here[:length])) and key in self._properties(here[:length]):
                yield here[:length]
        inner = [(*here, name) for name in self._properties(here) if key in self._properties((*here, name))]
        present = [path for path in inner if is_object(value_at(self._document, *path))]
        if present or (len(inner) == 1 and not self._has_block(here)):
            yield from present or inner

    def _has_block(self, here: Path) -> bool:
        owner = value_at(self._document, *here)
        return any("Properties" in name or "verride" in name for name in owner) if is_object(owner) else True

    def _properties(self, path: Path) -> Mapping[str, Any]:
        schema = self._resolve(self._schema)
        for key in path:
            inner = schema.get("items") if isinstance(key, int) else schema.get("properties", {}).get(key)
            schema = self._resolve(inner) if isinstance(inner, Mapping) else {}
        properties: Mapping[str, Any] = schema.get("properties", {})
        return properties

    def _resolve(self, schema: Schema) -> Schema:
        if "$ref" not in schema:
            return schema
        resolved: Schema = self._schema["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        return resolved

    def _explain(self, here: Path, key: str, target: Path) -> MisplacedKey:
        value, old = value_at(self._document, *here, key), value_at(self._document, *target)
        name = target[-1]
        if target[:-1] == here:
            message = f"{key} is called {name} here"
        elif target[:-1][: len(here)] == here:
            message = f"{key} belongs in {self._label(target[:-1])}, not beside it"
        else:
            message = f"{key} belongs {self._label(target[:-1], 'in ')}, not in {self._label(here)}"
            message += f", and is called {name} there" if name != key else ""
        fix = self._move(value, old, (*self._at, *here, key), (*self._at, *target))
        if fix:
            return MisplacedKey(f"{message}.", fix)
        return MisplacedKey(f"{message}. {name} is there already; keep one of them.")

    def _move(self, value: Any, old: Any, source: Path, target: Path) -> Fix:
        here, there = join_pointer(*source), join_pointer(*target)
        removal = ({"op": "remove", "path": here},)
        if old is None:
            if value_at(self._document, *target[len(self._at) : -1]) is None:
                return self._move_all(source[:-1], target[:-1])
            return ({"op": "move", "from": here, "path": there},)
        if value in (None, "", {}, []) or value == old:
            return removal
        if (
            is_object(value)
            and is_object(old)
            and all(old.get(name, inner) == inner for name, inner in value.items())
        ):
            additions = [
                {"op": "add", "path": f"{there}{join_pointer(name)}", "value": inner} for name, inner in value.items()
            ]
            return (*additions, *removal)
        if isinstance(value, list) and isinstance(old, list):
            return (*({"op": "add", "path": f"{there}/-", "value": entry} for entry in value), *removal)
        return ()

    def _move_all(self, source: Path, target: Path) -> Fix:
        depth = len(self._at)
        own_keys, target_keys = self._properties(source[depth:]), self._properties(target[depth:])
        owner = value_at(self._document, *source[depth:])
        members = {key: value for key, value in owner.items() if key in target_keys and key not in own_keys}
        removals = ({"op": "remove", "path": join_pointer(*source, key)} for key in members)
        return (*removals, {"op": "add", "path": join_pointer(*target), "value": members})

    def _label(self, path: Path, preposition: str = "") -> str:
        names = [str(part) for part in path if isinstance(part, str)]
        if names:
            return f"{preposition}{names[-1]}"
        return f"at the top level of the {self._what}" if preposition else f"the {self._what}"
