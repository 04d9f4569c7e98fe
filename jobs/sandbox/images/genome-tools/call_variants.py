"""List the positions at which a sample differs from the reference. SAMPLE."""

import os
import random

from pace import pause

sample = os.environ.get("SAMPLE", "sample")
dice = random.Random(sample)
print(f"Calling variants of {sample}", flush=True)
for chromosome in ("chr1", "chr7", "chr17"):
    pause(0.8)
    position = 1
    for _ in range(dice.randint(2, 4)):
        position += dice.randint(10_000, 40_000_000)
        old, new = dice.sample("ACGT", 2)
        print(f"{chromosome}\t{position}\t{old}>{new}\tquality {dice.randint(30, 99)}", flush=True)
print("Done.", flush=True)
