"""The portal's pages, for gunicorn, in a process that is as hasty as its others: it checks the same ground."""

from tests.chaos.hasty import begin

begin()

from portal.wsgi import application  # noqa: E402 - it checks the ground at once

__all__ = ["application"]
