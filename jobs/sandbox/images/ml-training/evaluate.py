"""Third step: test the model on unseen text. MODEL_S3_PATH, EVAL_S3_PATH."""

import math
import os
import random

import bucket
import model
import text
from pace import pause

source = os.environ.get("MODEL_S3_PATH", "s3://models/alice")
target = os.environ.get("EVAL_S3_PATH", "")

print(f"Reading the model from {source}", flush=True)
stored = bucket.read(f"{source}/model.json")
if stored is None:
    print("No model is stored there: evaluating an untrained one.", flush=True)
    weights, test = model.untrained(), text.split(text.shipped())[1]
else:
    weights, test = stored["weights"], stored["test"]
    print(f"It was trained for {stored['epochs']} epochs", flush=True)
pause(0.8)

unseen = model.count_pairs(test)
lost = model.loss(weights, unseen)
metrics = {
    "loss": round(lost, 4),
    "perplexity": round(math.exp(lost), 3),
    "accuracy": round(model.accuracy(weights, unseen), 4),
    "characters": len(test),
}
for name, value in metrics.items():
    print(f"{name}: {value}", flush=True)
pause(0.8)

dice, written = random.Random(42), "t"
for _ in range(60):
    chances = model.probabilities(weights[model.NUMBERS[written[-1]]])
    written += dice.choices(text.ALPHABET, chances)[0]
print(f"A sample of what it writes: {written}", flush=True)
if target:
    bucket.write(f"{target}/metrics.json", metrics)
    print(f"Stored the metrics in {target}", flush=True)
