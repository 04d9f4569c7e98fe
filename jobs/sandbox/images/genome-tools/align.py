"""Align the reads of one sample to a reference. SAMPLE, READS, AWS_BATCH_JOB_ARRAY_INDEX."""

import os
import random

import bucket
from pace import pause

READ_LENGTH = 24
ROUNDS = 6

index = os.environ.get("AWS_BATCH_JOB_ARRAY_INDEX", "0")
sample = os.environ.get("SAMPLE", "sample")
reads = int(os.environ.get("READS", "120"))
dice = random.Random(f"{sample}-{index}")
reference = "".join(dice.choices("ACGT", k=600))


def one_read() -> str:
    start = dice.randrange(len(reference) - READ_LENGTH)
    piece = reference[start : start + READ_LENGTH]
    return "".join(dice.choice("ACGT") if dice.random() < 0.03 else base for base in piece)


def best_position(read: str) -> tuple[int, int]:
    return min(
        (sum(a != b for a, b in zip(read, reference[start:], strict=False)), start)
        for start in range(len(reference) - READ_LENGTH)
    )[::-1]


print(f"Sample {sample}, part {index}: {reads} reads of {READ_LENGTH} bases", flush=True)
mismatches = []
for _ in range(ROUNDS):
    mismatches += [best_position(one_read())[1] for _read in range(reads // ROUNDS)]
    print(f"aligned {len(mismatches)} of {reads} reads", flush=True)
    pause(0.5)
rate = sum(mismatches) / (len(mismatches) * READ_LENGTH)
print(f"Mismatch rate {rate:.2%}", flush=True)
bucket.write(f"s3://alignments/{sample}/part-{index}.json", {"reads": len(mismatches), "mismatch rate": rate})
print(f"Stored s3://alignments/{sample}/part-{index}.json", flush=True)
