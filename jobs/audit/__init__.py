"""The audit log: who did what, from where, through which channel, with the values before and after.

Call `record` as the last step of the transaction of the action, because it locks the end of the team's chain until
the commit. The caller passes the person; address and channel come from the context that the middleware, the API's
authentication, or a command has set.
"""

from jobs.audit.actions import ACTS, Act
from jobs.audit.context import Door, Passage, bearing, current, through
from jobs.audit.log import Thing, listed, record, thing

__all__ = ["ACTS", "Act", "Door", "Passage", "Thing", "bearing", "current", "listed", "record", "thing", "through"]
