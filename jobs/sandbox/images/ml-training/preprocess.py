"""First step: clean a text and store it for the training. INPUT_S3_PATH, OUTPUT_S3_PATH."""

import os

import bucket
import text
from pace import pause

source = os.environ.get("INPUT_S3_PATH", "s3://raw-data/alice")
target = os.environ.get("OUTPUT_S3_PATH", "s3://processed-data/alice")

print(f"Reading {source}", flush=True)
found = bucket.read(f"{source}/text.json")
if found is None:
    print("Nothing is stored there: using the text that comes with the image.", flush=True)
    clean = text.shipped()
else:
    clean = text.letters(str(found["text"]))
pause(0.8)
print(f"{len(clean)} characters, {len(clean.split())} words, {len(set(clean))} symbols", flush=True)
pause(0.8)
learn, test = text.split(clean)
bucket.write(f"{target}/dataset.json", {"learn": learn, "test": test})
print(f"Stored {len(learn)} characters to learn from and {len(test)} to test on in {target}", flush=True)
