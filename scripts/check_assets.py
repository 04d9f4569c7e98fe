"""Check of vendored and generated files in static/ against their manifest.

`python -m scripts.check_assets` compares hashes, without Node.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

STATIC = Path(__file__).resolve().parent.parent / "static"
MANIFEST = STATIC / "vendor" / "manifest.json"
SOURCES = STATIC / "src" / "builder"
BUNDLE = "vendor/builder.min.js"
LICENCES = "vendor/builder.licences.txt"


def main(arguments: list[str]) -> int:
    match arguments:
        case []:
            problems = find_problems()
            sys.stdout.write("".join(f"{line}\n" for line in problems))
            return 1 if problems else 0
        case ["--take", folder]:
            install_bundle(Path(folder))
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
    sources = next((entry.get("sources_sha256") for entry in entries if entry["file"] == BUNDLE), None)
    if sources != sources_digest():
        problems.append("static/src/builder has changed since the bundle was built. Run `make assets`.")
    return problems


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sources_digest() -> str:
    checksum = hashlib.sha256()
    for path in sorted(file for file in SOURCES.rglob("*") if file.is_file() and "node_modules" not in file.parts):
        checksum.update(f"{path.relative_to(SOURCES).as_posix()} {digest(path)}\n".encode())
    return checksum.hexdigest()


def install_bundle(folder: Path) -> None:
    for name in (BUNDLE, LICENCES):
        (STATIC / name).write_bytes((folder / Path(name).name).read_bytes())
    other_entries = [entry for entry in json.loads(MANIFEST.read_text()) if entry["file"] not in (BUNDLE, LICENCES)]
    packages: list[dict[str, Any]] = json.loads((folder / "builder.packages.json").read_text())
    bundle = {
        "name": "builder",
        "version": sources_digest()[:12],
        "licence": "MIT",
        "file": BUNDLE,
        "sha256": digest(STATIC / BUNDLE),
        "made_from": "static/src/builder, by make assets",
        "sources_sha256": sources_digest(),
        "contains": packages,
    }
    licences = {
        "name": "licences of what builder contains",
        "version": sources_digest()[:12],
        "licence": "as they say",
        "file": LICENCES,
        "sha256": digest(STATIC / LICENCES),
        "made_from": "the packages of static/src/builder/package-lock.json",
    }
    MANIFEST.write_text(json.dumps([*other_entries, bundle, licences], indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
