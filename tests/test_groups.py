"""The tests of a file share a process: what a module sets up once is not set up by each worker again."""

import pytest


def test_a_worker_gets_the_whole_file(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("loadgroup", default=False):
        pytest.skip("only a run with --dist loadgroup has groups")
    assert request.node.nodeid.endswith("@test_groups.py")
