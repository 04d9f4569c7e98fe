"""The protocol with one thing left out at a time, and the worlds it is explored in."""

from dataclasses import dataclass, field, replace

from tests.protocol.state import Protocol, World

# Nobody stops it and nothing is decided otherwise: the shortest traces.
PLAIN = World(stops=False, judges=False)
PEOPLE = World()


@dataclass(frozen=True)
class Variant:
    """What is left out, and how that ends: "duplicate", "stuck", or "" where nothing comes of it."""

    name: str
    ends: str
    protocol: Protocol
    world: World = field(default=PLAIN)


def whole(world: World) -> Protocol:
    """Everything in place, the quarantine long enough for this world."""
    return Protocol(quarantine=world.enough)


FULL = whole(PLAIN)
SKEWED = replace(PLAIN, ahead=2)
HURRIED = replace(PLAIN, reconciler_ahead=2)
LAGGING = replace(PLAIN, list_lag=3)

BROKEN = (
    Variant("naive: call, then write the id", "duplicate", replace(FULL, marks=False, looks=False, guard="none")),
    Variant("sent again at once if it is not listed", "duplicate", replace(FULL, quarantine=-1)),
    Variant("no guard before the bytes leave", "duplicate", replace(FULL, guard="none")),
    Variant("the guard counts from after the mark", "duplicate", replace(FULL, guard="after")),
    Variant("the SDK repeats by itself", "duplicate", replace(FULL, repeats=1)),
    Variant("quarantine without the worker's skew", "duplicate", replace(FULL, quarantine=PLAIN.enough), SKEWED),
    Variant("quarantine without the reconciler's skew", "duplicate", replace(FULL, quarantine=PLAIN.enough), HURRIED),
    Variant("quarantine without the lag of lists", "duplicate", replace(FULL, quarantine=PLAIN.enough), LAGGING),
    Variant("quarantine without the life of a signature", "duplicate", replace(FULL, quarantine=1)),
    Variant("a claim that reads its epoch later", "duplicate", replace(FULL, claims_in_one=False)),
    Variant("a mark that is read back later", "duplicate", replace(FULL, marks_in_one=False)),
    Variant("put back by an old copy, though stopped", "stuck", replace(FULL, fresh_stop=False), PEOPLE),
    Variant("the wish to stop on a job put back", "stuck", replace(FULL, asks_on_the_way=False), PEOPLE),
)

# The look before a second try costs a call and catches what the assumptions do not promise (a restored database, a
# longer lag). Within the assumptions the quarantine alone is enough.
SPARE = Variant("no look before a second try", "", replace(FULL, looks=False))

SMALL = (PLAIN, PEOPLE, SKEWED, HURRIED, LAGGING)
LARGE = (
    World(lease=2, send_within=2, signature=3, list_lag=2, ahead=1, reconciler_ahead=1),
    World(workers=3),
    World(workers=3, lease=2, signature=2, list_lag=2),
    World(workers=3, lease=2, send_within=2, signature=3, list_lag=2, ahead=1, reconciler_ahead=1, stops=False),
)
