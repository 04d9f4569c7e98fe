"""Mutants that replace one text of a module's source during its import."""

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

ROOT = Path(__file__).resolve().parents[2]


class MutantError(Exception):
    """A mutant is invalid: its tests would prove nothing."""


@dataclass(frozen=True)
class SourceMutant:
    name: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def start(self) -> int:
        """Where the text begins in its file. Raises MutantError unless it occurs exactly once."""
        source = (ROOT / self.path).read_text()
        if source.count(self.old) != 1:
            times = source.count(self.old)
            what = f"is {times} times in {self.path}" if times else f"is not in {self.path} any more"
            raise MutantError(f"{self.name}: the text {self.old!r} {what}.")
        return source.index(self.old)

    def changed(self) -> tuple[int, int]:
        """Return start and end of the part that differs, without the common beginning and end."""
        old, new = self.old, self.new
        before = next(
            (at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
        )
        pairs = zip(reversed(old[before:]), reversed(new[before:]), strict=False)
        rest = min(len(old), len(new)) - before
        after = next((at for at, (a, b) in enumerate(pairs) if a != b), rest)
        return self.start + before, self.start + len(old) - after

    def source(self) -> str:
        start, text = self.start, (ROOT / self.path).read_text()
        return text[:start] + self.new + text[start + len(self.old) :]


class _Loader(SourceFileLoader):
    """Compiles the replaced source each time: neither reads nor writes a compiled file."""

    def __init__(self, mutant: SourceMutant) -> None:
        super().__init__(mutant.module, str(ROOT / mutant.path))
        self.mutant = mutant

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - as importlib calls it
        return compile(self.mutant.source(), self.path, "exec", dont_inherit=True)


class SourceFinder(MetaPathFinder):
    def __init__(self, mutant: SourceMutant) -> None:
        self.mutant = mutant

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - as importlib calls it
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if fullname != self.mutant.module:
            return None
        loader = _Loader(self.mutant)
        return importlib.util.spec_from_file_location(fullname, loader.path, loader=loader)


def install(mutant: SourceMutant) -> None:
    """Import the module with the text replaced from now on. Raise MutantError if that is impossible."""
    if mutant.module in sys.modules:
        raise MutantError(f"{mutant.name}: {mutant.module} was imported before its source could be replaced.")
    try:
        compile(mutant.source(), mutant.path, "exec")
    except SyntaxError as error:
        raise MutantError(f"{mutant.name}: {mutant.path} is no Python with the text replaced: {error}.") from error
    sys.meta_path.insert(0, SourceFinder(mutant))


def check_loaded(mutant: SourceMutant) -> None:
    """Raise MutantError if the imported module is not the one with the text replaced."""
    module = importlib.import_module(mutant.module)
    loader = getattr(module, "__loader__", None)
    if not isinstance(loader, _Loader) or loader.mutant != mutant:
        raise MutantError(f"{mutant.name}: {mutant.module} was loaded as it is, and not with the text replaced.")


def mutants_of(path: str, tests: tuple[str, ...], *rows: tuple[str, str, str]) -> Iterator[SourceMutant]:
    """Yield mutants of one file with the same tests: name, text and replacement."""
    for name, old, new in rows:
        yield SourceMutant(name, path, old, new, tests)
