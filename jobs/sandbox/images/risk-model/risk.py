"""Quarterly market risk: a seeded Monte Carlo value at risk. QUARTER, YEAR, SCENARIOS."""

import math
import os
import random

import bucket
from pace import pause

DAYS = 10
ROUNDS = 8
# Position: value in USD, volatility a year, share of it that follows the market.
PORTFOLIO = {
    "Equities Europe": (4_200_000, 0.19, 0.8),
    "Equities USA": (6_500_000, 0.21, 0.9),
    "Government bonds": (8_000_000, 0.06, -0.2),
    "Corporate bonds": (3_100_000, 0.09, 0.4),
    "Commodities": (1_200_000, 0.28, 0.3),
}

quarter, year = os.environ.get("QUARTER", "Q1"), os.environ.get("YEAR", "2025")
scenarios = int(os.environ.get("SCENARIOS", "16000"))
dice = random.Random(f"{quarter}-{year}")
horizon = math.sqrt(DAYS / 252)


def one_loss() -> float:
    market = dice.gauss(0, 1)
    lost = 0.0
    for value, volatility, follows in PORTFOLIO.values():
        own = math.sqrt(1 - follows**2) * dice.gauss(0, 1)
        lost -= value * volatility * horizon * (follows * market + own)
    return lost


def at_risk(losses: list[float], confidence: float) -> float:
    return losses[int(len(losses) * confidence)]


print(f"Risk analysis for {quarter} {year}: {scenarios} scenarios, {DAYS} trading days", flush=True)
losses: list[float] = []
for _ in range(1, ROUNDS + 1):
    losses.extend(one_loss() for _ in range(scenarios // ROUNDS))
    so_far = at_risk(sorted(losses), 0.99)
    print(f"{len(losses):>7} scenarios   VaR 99 % so far: {so_far:>12,.0f} USD", flush=True)
    pause(0.4)

losses.sort()
tail = losses[int(len(losses) * 0.99) :]
total = sum(value for value, _, _ in PORTFOLIO.values())
report = {
    "portfolio value": total,
    "value at risk 95 %": at_risk(losses, 0.95),
    "value at risk 99 %": at_risk(losses, 0.99),
    "expected shortfall 99 %": sum(tail) / len(tail),
}
print(f"\nReport {quarter} {year}", flush=True)
for name, amount in report.items():
    print(f"  {name:<26}{amount:>14,.0f} USD  {amount / total:>7.2%}", flush=True)
bucket.write(f"s3://risk-reports/{year}-{quarter}/report.json", report)
print(f"Stored the report in s3://risk-reports/{year}-{quarter}", flush=True)
