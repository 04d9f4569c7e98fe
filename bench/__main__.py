"""`python -m bench [part …]`: prints the table, on a database in memory."""

import os
import sys
import warnings
from collections.abc import Callable, Iterator

ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "portal.settings",
    "PORTAL_MODE": "quickstart",
    "DATABASE_URL": "sqlite://:memory:",
    "STATICFILES_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
    "LOG_LEVEL": "ERROR",
}


def main(arguments: list[str]) -> int:
    os.environ.update(ENVIRONMENT)
    warnings.filterwarnings("ignore", message="No directory at")  # no static file is served here
    import django  # noqa: PLC0415 - it reads the surroundings

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415
    from django.test.utils import setup_test_environment  # noqa: PLC0415

    from bench import documents, ids, pages, validation  # noqa: PLC0415
    from bench.measure import Comparison, table  # noqa: PLC0415

    parts: dict[str, Callable[[], Iterator[Comparison]]] = {
        "documents": documents.comparisons,
        "ids": ids.comparisons,
        "judging": validation.comparisons,
        "pages": pages.comparisons,
    }
    unknown = set(arguments) - set(parts)
    if unknown:
        sys.stderr.write(f"Unknown parts: {', '.join(sorted(unknown))}. Use: {', '.join(parts)}.\n")
        return 1
    setup_test_environment()
    call_command("migrate", verbosity=0)
    rows = [row for name, part in parts.items() if not arguments or name in arguments for row in part()]
    sys.stdout.write(table(rows) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
