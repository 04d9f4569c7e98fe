"""`python -m tests.protocol`: the exhaustive check of delivery, in worlds larger than the suite has time for."""

import sys
import time

from tests.protocol.search import Found, as_text, explore
from tests.protocol.state import World
from tests.protocol.variants import BROKEN, LARGE, SMALL, SPARE, Variant, whole


def main() -> int:
    """Print what was explored and found. 1 if the protocol has a hole, or a variant none."""
    failed = False
    variants = (*(Variant(_describe(world), "", whole(world), world) for world in (*SMALL, *LARGE)), SPARE, *BROKEN)
    for variant in variants:
        began = time.monotonic()
        only = "duplicate" if variant.ends == "duplicate" else ""
        found = explore(variant.protocol, variant.world, only=only)
        as_expected = found.whole and found.wrong == variant.ends
        failed = failed or not as_expected
        _print_result(variant.name, found, time.monotonic() - began, as_expected=as_expected)
    return int(failed)


def _describe(world: World) -> str:
    people = "" if world.stops else ", nobody stops it"
    return (
        f"{world.workers} workers, lease {world.lease}, guard {world.send_within}, signature {world.signature}, "
        f"lag {world.list_lag}, skew {world.ahead}+{world.reconciler_ahead}{people}"
    )


def _print_result(name: str, found: Found, seconds: float, *, as_expected: bool) -> None:
    verdict = found.wrong or ("none" if found.whole else "NOT EXPLORED WHOLE")
    surprise = "" if as_expected else "   <-- NOT AS IT SHOULD BE"
    sys.stdout.write(f"{name:82} {found.states:>9,} states {seconds:6.1f} s   {verdict}{surprise}\n")
    if found.trace:
        sys.stdout.write(f"    {as_text(found.trace)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
