"""The browser of the browser tests: where it is, and how it gets there.

`python -m tests.chromium --ensure` looks for Chromium and installs it with apt when it may. Without one the browser
tests are skipped and say what to do; with `CI=true` that is a failure, because skips are easily overlooked there.

The headless shell is Chromium without the windows around its pages, Playwright's own choice for headless tests: they
take a quarter less processor time in it.
"""

import os
import shutil
import subprocess
import sys
from functools import cache

import pytest

HEADLESS_SHELL = "chromium-headless-shell"
NAMES = (HEADLESS_SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WHAT_TO_DO = f"Chromium not found. Install it (Debian: apt install {HEADLESS_SHELL}, or chromium), or set CHROMIUM."
APT_SECONDS = 600
# Only the last --disable-features counts, so Playwright's own come again. tests/test_browser.py compares them.
PLAYWRIGHTS_FEATURES = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "TcpPortRandomizationWin",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
    "msForceBrowserSignIn",
    "msEdgeUpdateLaunchServicesPreferredVersion",
)
# The toolbar of a window, which nobody sees: drawn as web pages, it starts a process for every browser context.
TOOLBAR_FEATURES = (
    "InitialWebUI",
    "InitialWebUIWithoutExtensions",
    "PreloadTopChromeWebUI",
    "WebUIBackForwardButton",
    "WebUIHomeButton",
    "WebUILocationBar",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxPopup",
    "WebUIPinnedToolbarActions",
    "WebUIReloadButton",
    "WebUISplitTabsButton",
    "WebUIToolbar",
)
ARGUMENTS = (
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    f"--disable-features={','.join((*PLAYWRIGHTS_FEATURES, *TOOLBAR_FEATURES))}",
)


def find() -> str | None:
    """The path of a Chromium that really starts, or None."""
    given = os.environ.get("CHROMIUM")
    for name in (given,) if given else NAMES:
        path = shutil.which(name)
        if path and _starts(path):
            return path
    return None


def require_chromium() -> str:
    """The path of Chromium for a test that needs it. Skips the test without one; fails it where CI=true."""
    path = find()
    if path:
        return path
    if is_ci():
        pytest.fail(WHAT_TO_DO)
    pytest.skip(WHAT_TO_DO)


def is_ci() -> bool:
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


@cache
def _starts(path: str) -> bool:
    """Some distributions ship a script that only says where to get the browser."""
    try:
        asked = subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def _install() -> None:
    """Ask apt, where it is and we are root. Whether that helped, `find` tells.

    Where there is another Chromium, nothing is updated: it does as well, only slower.
    """
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return
    sys.stdout.write("Installing Chromium with apt …\n")
    sys.stdout.flush()
    if _apt("install", HEADLESS_SHELL) or find():
        return
    updated = _apt("update")
    if not (updated and (_apt("install", HEADLESS_SHELL) or _apt("install", "chromium"))):
        sys.stdout.write("apt-get could not install it.\n")


def _apt(command: str, *packages: str) -> bool:
    options = ("--no-install-recommends", "--yes") if packages else ()
    try:
        subprocess.run(
            ["apt-get", command, "-qq", *options, *packages],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            capture_output=True,
            timeout=APT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def main(arguments: list[str]) -> int:
    if "--ensure" in arguments and not os.environ.get("CHROMIUM") and shutil.which(HEADLESS_SHELL) is None:
        _install()
        _starts.cache_clear()
    path = find()
    if path:
        sys.stdout.write(f"Browser: {path}\n")
        return 0
    sys.stdout.write(f"Browser tests {'cannot run' if is_ci() else 'are skipped'}. {WHAT_TO_DO}\n")
    return 1 if is_ci() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
