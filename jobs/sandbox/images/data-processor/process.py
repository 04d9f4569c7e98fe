"""Sums up sales by region from a bucket. S3_BUCKET."""

import os
import random

import bucket
from pace import pause

REGIONS = ("north", "east", "south", "west")

name = os.environ.get("S3_BUCKET", "sandbox-data")
source, target = f"s3://{name}/sales.json", f"s3://{name}/sales-by-region.json"

print(f"Reading {source}", flush=True)
records = bucket.read(source)
if records is None:
    print("Nothing is stored there: making up 1000 sales first.", flush=True)
    dice = random.Random(7)
    records = [{"region": dice.choice(REGIONS), "amount": dice.randint(5, 500)} for _ in range(1000)]
    bucket.write(source, records)
pause(0.8)

sums: dict[str, int] = {}
for number, record in enumerate(records, start=1):
    sums[record["region"]] = sums.get(record["region"], 0) + record["amount"]
    if number % 250 == 0:
        print(f"{number} of {len(records)} records", flush=True)
        pause(0.4)
for region, amount in sorted(sums.items()):
    print(f"  {region:<6}{amount:>9,} USD", flush=True)
bucket.write(target, sums)
print(f"Stored the result in {target}", flush=True)
