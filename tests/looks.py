"""How pages are looked at: each theme once and each width once, since no colour depends on the width."""

from typing import Any

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
    "dark phone": {"color_scheme": "dark", "viewport": {"width": 375, "height": 700}},
}
