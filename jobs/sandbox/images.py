"""Container images: folders in `images/`, found by the last part of a name."""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jobs.sandbox.context import Document
from jobs.sandbox.errors import BatchClientError

IMAGES_DIR = Path(__file__).with_name("images")
# No image name begins with an underscore: no job can request these two.
BASE_IMAGE_DIR = IMAGES_DIR / "_base"
SIMULATION_DIR = IMAGES_DIR / "_simulation"
# Well-known images of tools: the command is looked up on this machine's PATH.
EMPTY_IMAGE = "scratch"
TOOL_IMAGES = {"alpine", "amazonlinux", "bash", "busybox", "debian", "python", "shell", "ubuntu"}
STANDARD_PATH = "/usr/local/bin:/usr/bin:/bin"

IGNORED_FILES = shutil.ignore_patterns("__pycache__", "command.json")

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True)
class SandboxImage:
    name: str
    folder: Path | None
    default_command: tuple[str, ...]
    is_known: bool = True

    @property
    def is_empty(self) -> bool:
        return self.name == EMPTY_IMAGE

    def argv(self, command: list[str]) -> list[str]:
        """Simulate an unknown image: its programs are not on this machine."""
        if not self.is_known:
            return [*self.default_command, *command]
        return command or list(self.default_command)

    def unpack(self, destination: Path) -> None:
        if self.folder is not None:
            for layer in (BASE_IMAGE_DIR, self.folder):
                shutil.copytree(layer, destination, dirs_exist_ok=True, ignore=IGNORED_FILES)


def short_name(image: str) -> str:
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def find_image(image: str) -> SandboxImage:
    name = short_name(image)
    if name == EMPTY_IMAGE:
        return SandboxImage(name, None, ())
    if name in TOOL_IMAGES:
        return SandboxImage(name, None, ("sh", "-c", "echo 'No command was given: nothing to do.'"))
    folder = IMAGES_DIR / name
    if _NAME.fullmatch(name) and folder.is_dir():
        return SandboxImage(name, folder, _default_command(folder))
    return SandboxImage(name, SIMULATION_DIR, _default_command(SIMULATION_DIR), is_known=False)


def _default_command(folder: Path) -> tuple[str, ...]:
    return tuple(json.loads((folder / "command.json").read_text()))


def create_search_path(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    interpreter = Path(sys.executable).resolve()
    for name in ("python", "python3"):
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(interpreter)
    return f"{folder}{os.pathsep}{STANDARD_PATH}"


def substitute_parameters(command: list[str], parameters: dict[str, str]) -> list[str]:
    """Replace whole elements `Ref::name` only, as AWS."""
    return [_substitute(word, parameters) if word.startswith("Ref::") else word for word in command]


def _substitute(word: str, parameters: dict[str, str]) -> str:
    name = word.removeprefix("Ref::")
    if name not in parameters:
        raise BatchClientError(f"Unable to substitute value. No parameter found for reference {name}")
    return parameters[name]


def environment_variables(entries: Iterable[Document]) -> dict[str, str]:
    return {entry["name"]: entry.get("value", "") for entry in entries if "name" in entry}
