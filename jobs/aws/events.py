"""The SQS queue of Batch events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from jobs.aws.response_reader import call

log = structlog.get_logger(__name__)

MAX_MESSAGES_PER_CALL = 10  # SQS's limit
WAIT_SECONDS = 20


@dataclass
class QueueAddress:
    """Read with the machine's own credentials."""

    url: str
    region: str
    endpoint_url: str = ""
    access: str = "default"
    role_arn: str = ""
    external_id: str = ""


@dataclass(frozen=True)
class Message:
    body: str
    handle: str


def receive(client: Any, url: str, wait_seconds: int = WAIT_SECONDS) -> list[Message]:
    answer = call(
        client.receive_message, QueueUrl=url, MaxNumberOfMessages=MAX_MESSAGES_PER_CALL, WaitTimeSeconds=wait_seconds
    )
    messages = [Message(entry.text("Body"), entry.text("ReceiptHandle")) for entry in answer.entries("Messages")]
    if not all(message.handle for message in messages):
        log.warning("answer_malformed", call="ReceiveMessage")  # a message without handle comes again
    return [message for message in messages if message.handle]


def delete(client: Any, url: str, messages: Sequence[Message]) -> None:
    entries = [{"Id": str(number), "ReceiptHandle": message.handle} for number, message in enumerate(messages)]
    if entries:
        call(client.delete_message_batch, QueueUrl=url, Entries=entries)
