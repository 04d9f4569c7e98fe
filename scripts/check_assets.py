"""Check of vendored and generated files in static/ against their manifest.

`python -m scripts.check_assets` compares hashes, without Node.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

STATIC = Path(__file__).resolve().parent.parent / "static"
MANIFEST = STATIC / "vendor" / "manifest.json"
SOURCES = STATIC / "src"
BUNDLES = {
    "builder": ("builder.min.js",),
    "workflow": ("workflow.min.js", "workflow_layout.min.js"),
    "log": ("log.min.js",),
}
"""The files of each bundle. Its sources are in the folder of its name; packages and build are the builder's."""

SHARED_SOURCES = {"workflow": ("js/duration.js",), "log": ("js/dom.js", "js/poll.js")}
"""Modules of the pages that are part of a bundle too."""


def main(arguments: list[str]) -> int:
    match arguments:
        case []:
            problems = find_problems()
            sys.stdout.write("".join(f"{line}\n" for line in problems))
            return 1 if problems else 0
        case ["--take", folder]:
            install_bundles(Path(folder))
            return 0
    sys.stderr.write("python -m scripts.check_assets [--take FOLDER]\n")
    return 2


def find_problems() -> list[str]:
    entries = json.loads(MANIFEST.read_text())
    problems = [
        f"static/{entry['file']} differs from static/vendor/manifest.json."
        for entry in entries
        if digest(STATIC / entry["file"]) != entry["sha256"]
    ]
    manifest_files = {entry["file"] for entry in entries} | {"vendor/manifest.json"}
    files = {str(path.relative_to(STATIC)) for path in (STATIC / "vendor").iterdir()}
    problems += [f"static/{name} is not in static/vendor/manifest.json." for name in sorted(files - manifest_files)]
    sources = {entry["file"]: entry.get("sources_sha256") for entry in entries}
    problems += [
        f"static/src/{name} has changed since its bundle was built. Run `make assets`."
        for name, files in BUNDLES.items()
        if any(sources.get(f"vendor/{file}") != sources_digest(name) for file in files)
    ]
    return problems


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sources_digest(bundle: str) -> str:
    """Hash what a bundle is made from: its folder, and the packages and the build."""
    checksum = hashlib.sha256()
    for path in sorted(file for file in SOURCES.rglob("*") if file.is_file() and _is_source_of(bundle, file)):
        checksum.update(f"{path.relative_to(SOURCES).as_posix()} {digest(path)}\n".encode())
    for name in SHARED_SOURCES.get(bundle, ()):
        checksum.update(f"{name} {digest(STATIC / name)}\n".encode())
    return checksum.hexdigest()


def _is_source_of(bundle: str, file: Path) -> bool:
    folder, *_ = parts = file.relative_to(SOURCES).parts
    if "node_modules" in parts:
        return False
    return folder == bundle or (folder == "builder" and file.name in _BUILD_FILES)


_BUILD_FILES = ("build.mjs", "package.json", "package-lock.json", ".npmrc")


def install_bundles(folder: Path) -> None:
    new_entries = [entry for name, files in BUNDLES.items() for entry in _install_bundle(folder, name, files)]
    new_files = {entry["file"] for entry in new_entries}
    other_entries = [entry for entry in json.loads(MANIFEST.read_text()) if entry["file"] not in new_files]
    MANIFEST.write_text(json.dumps([*other_entries, *new_entries], indent=2) + "\n")


def _install_bundle(folder: Path, name: str, files: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Copy the files of a bundle. Yield their entries in the manifest."""
    licences = f"{name}.licences.txt"
    for file in (*files, licences):
        (STATIC / "vendor" / file).write_bytes((folder / file).read_bytes())
    packages: list[dict[str, Any]] = json.loads((folder / f"{name}.packages.json").read_text())
    sources = sources_digest(name)
    for file in files:
        yield {
            "name": file.partition(".")[0],
            "version": sources[:12],
            "licence": "MIT",
            "file": f"vendor/{file}",
            "sha256": digest(STATIC / "vendor" / file),
            "made_from": f"static/src/{name}, by make assets",
            "sources_sha256": sources,
            "contains": packages,
        }
    yield {
        "name": f"licences of what {name} contains",
        "version": sources[:12],
        "licence": "as they say",
        "file": f"vendor/{licences}",
        "sha256": digest(STATIC / "vendor" / licences),
        "made_from": "the packages of static/src/builder/package-lock.json",
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
