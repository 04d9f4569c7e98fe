"""`python -m bench.fake_aws --port PORT`: the process. It ends with the one that started it."""

import argparse
import asyncio
import sys
from contextlib import suppress

from bench.fake_aws.batch import QUEUE, FakeBatch
from bench.fake_aws.server import FakeAws, Limits, serve


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.fake_aws", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--latency", type=float, default=Limits.latency, help="seconds that each call takes")
    parser.add_argument("--submits", type=float, default=Limits.submits_per_second, help="SubmitJob a second")
    parser.add_argument("--others", type=float, default=Limits.others_per_second, help="other calls a second, each")
    parser.add_argument("--any-job", action="store_true", help="describe unknown jobs as running")
    parser.add_argument("--queues", nargs="+", default=[QUEUE], help="names of the job queues")
    options = parser.parse_args(arguments)
    limits = Limits(options.latency, options.submits, options.others)
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(options.port, FakeAws(limits, FakeBatch(any_job=options.any_job, queues=options.queues))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
