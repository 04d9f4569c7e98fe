"""SQS, where EventBridge leaves what Batch tells: messages are received, and deleted when they are done."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from jobs.aws.answers import call

log = structlog.get_logger(__name__)

AT_ONCE = 10  # SQS gives and takes no more in a call
WAIT_SECONDS = 20


@dataclass
class QueueAddress:
    """How to get at the queue of events: with the machine's own credentials, in the region that its address names."""

    url: str
    region: str
    endpoint_url: str = ""
    access: str = "default"
    role_arn: str = ""
    external_id: str = ""


@dataclass(frozen=True)
class Message:
    """One message, and the handle by which it is deleted."""

    body: str
    handle: str


def receive(client: Any, url: str, wait_seconds: int = WAIT_SECONDS) -> list[Message]:
    """The next messages, at most ten; none after so many seconds without one."""
    answer = call(client.receive_message, QueueUrl=url, MaxNumberOfMessages=AT_ONCE, WaitTimeSeconds=wait_seconds)
    messages = [Message(entry.text("Body"), entry.text("ReceiptHandle")) for entry in answer.entries("Messages")]
    if not all(message.handle for message in messages):
        log.warning("answer_malformed", call="ReceiveMessage")  # without its handle a message comes again
    return [message for message in messages if message.handle]


def delete(client: Any, url: str, messages: Sequence[Message]) -> None:
    """Done with these. One that stays all the same comes again, and says nothing new then."""
    entries = [{"Id": str(number), "ReceiptHandle": message.handle} for number, message in enumerate(messages)]
    if entries:
        call(client.delete_message_batch, QueueUrl=url, Entries=entries)
