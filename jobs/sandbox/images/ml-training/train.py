"""Second step: train. DATASET_S3_PATH, MODEL_S3_PATH, MODEL_TYPE, EPOCHS, LEARNING_RATE."""

import math
import os

import bucket
import model
import text
from pace import pause

STEPS_AN_EPOCH = 5
SECONDS = 6

dataset = os.environ.get("DATASET_S3_PATH", "")
target = os.environ.get("MODEL_S3_PATH", "")
epochs = int(os.environ.get("EPOCHS", "10"))
rate = float(os.environ.get("LEARNING_RATE", "1.0"))

print(f"Model type {os.environ.get('MODEL_TYPE', 'bigram')}, {epochs} epochs, learning rate {rate}", flush=True)
print(f"Dataset {dataset or '(none named)'}", flush=True)
stored = bucket.read(f"{dataset}/dataset.json") if dataset else None
if stored is None:
    print("Nothing is stored there: training on the text that comes with the image.", flush=True)
    learn, test = text.split(text.shipped())
else:
    learn, test = stored["learn"], stored["test"]
    print(f"Read {len(learn)} characters to learn from", flush=True)

pairs, unseen = model.count_pairs(learn), model.count_pairs(test)
weights = model.untrained()
for epoch in range(1, epochs + 1):
    for _ in range(STEPS_AN_EPOCH):
        model.descend(weights, pairs, rate)
    lost, lost_unseen = model.loss(weights, pairs), model.loss(weights, unseen)
    print(
        f"epoch {epoch}/{epochs} loss={lost:.4f} val_loss={lost_unseen:.4f} perplexity={math.exp(lost_unseen):.2f}",
        flush=True,
    )
    pause(SECONDS / epochs)

if target:
    bucket.write(f"{target}/model.json", {"weights": weights, "test": test, "epochs": epochs})
    print(f"Stored the model in {target}", flush=True)
print(f"Training finished: accuracy {model.accuracy(weights, unseen):.3f} on unseen text", flush=True)
