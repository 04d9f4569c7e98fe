"""The code under test: comparison of version numbers."""


def parse(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def newest(versions: list[str]) -> str:
    return max(versions, key=parse)
