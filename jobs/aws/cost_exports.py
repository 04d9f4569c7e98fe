"""Files of a cost export in S3."""

import tempfile
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from jobs.aws.errors import AwsError, MalformedResponseError, translate_errors
from jobs.aws.response_reader import call

MAX_FILES = 10_000
CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class StoredFile:
    key: str
    changed_at: datetime


def split_address(address: str) -> tuple[str, str]:
    """Return bucket and prefix of s3://bucket/prefix, which ends with a slash."""
    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    return bucket, prefix.rstrip("/") + "/"


def list_files(client: Any, bucket: str, prefix: str) -> list[StoredFile]:
    """Raise AwsError, also for more than 10,000: then it is not the folder of an export."""
    files: list[StoredFile] = []
    token: dict[str, str] = {}
    while True:
        answer = call(client.list_objects_v2, Bucket=bucket, Prefix=prefix, **token)
        for entry in answer.entries("Contents"):
            key, changed_at = entry.required_text("Key", max_length=1024), entry.raw.get("LastModified")
            if not isinstance(changed_at, datetime):
                raise MalformedResponseError("AWS's response is malformed (no LastModified).")
            files.append(StoredFile(key, changed_at))
        if not answer.flag("IsTruncated"):
            return files
        if len(files) >= MAX_FILES:
            raise AwsError(f"s3://{bucket}/{prefix} has over {MAX_FILES:,} files.", code="TooManyFiles")
        token = {"ContinuationToken": answer.required_text("NextContinuationToken", max_length=2048)}


def download(client: Any, bucket: str, key: str) -> IO[bytes]:
    """Return a temporary file, so that no connection stays open while it is read. Raise AwsError."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        body: Any = call(client.get_object, Bucket=bucket, Key=key).raw.get("Body")
        with translate_errors():
            for chunk in body.iter_chunks(CHUNK_BYTES):
                file.write(chunk)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file
