"""A character model: softmax regression."""

import math
from itertools import pairwise

from text import ALPHABET

SIZE = len(ALPHABET)
NUMBERS = {character: number for number, character in enumerate(ALPHABET)}
Weights = list[list[float]]
Counts = list[list[int]]


def untrained() -> Weights:
    return [[0.0] * SIZE for _ in range(SIZE)]


def count_pairs(text: str) -> Counts:
    counts = [[0] * SIZE for _ in range(SIZE)]
    for first, second in pairwise(text):
        counts[NUMBERS[first]][NUMBERS[second]] += 1
    return counts


def probabilities(row: list[float]) -> list[float]:
    top = max(row)
    powers = [math.exp(weight - top) for weight in row]
    total = sum(powers)
    return [power / total for power in powers]


def loss(weights: Weights, counts: Counts) -> float:
    lost = 0.0
    for row, followers in zip(weights, counts, strict=True):
        chances = probabilities(row)
        lost -= sum(count * math.log(chance) for count, chance in zip(followers, chances, strict=True) if count)
    return lost / max(1, sum(map(sum, counts)))


def descend(weights: Weights, counts: Counts, rate: float) -> None:
    for row, followers in zip(weights, counts, strict=True):
        total = sum(followers)
        if not total:
            continue
        chances = probabilities(row)
        for number, (count, chance) in enumerate(zip(followers, chances, strict=True)):
            row[number] += rate * (count / total - chance)


def accuracy(weights: Weights, counts: Counts) -> float:
    right = sum(followers[row.index(max(row))] for row, followers in zip(weights, counts, strict=True))
    return right / max(1, sum(map(sum, counts)))
