"""What tests of reading AWS have in common."""

import pytest

from tests import http_wire
from tests.sync.batch_jobs import Batch


@pytest.fixture
def aws():
    told = Batch()
    with http_wire.wire(told) as server:
        told.requests = server.requests
        told.url = server.url
        yield told
