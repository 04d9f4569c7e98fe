"""What people did, written down for good: who, from where, through which door, what it was before and after.

`record` belongs into the transaction of what it tells of, as its last step, because it locks the end of the team's
chain until the commit. Who asks is said by whoever calls; from where and through which door is known from
`context`, which the middleware, the API's door, or a command has set.
"""

from jobs.audit.actions import ACTS, Act
from jobs.audit.context import Door, Passage, bearing, current, through
from jobs.audit.log import Thing, listed, record, thing

__all__ = ["ACTS", "Act", "Door", "Passage", "Thing", "bearing", "current", "listed", "record", "thing", "through"]
