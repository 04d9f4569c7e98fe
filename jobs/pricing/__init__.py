"""Costs: rates, estimates and the metering of ended jobs.

`receipt` and `estimate` are pure: what finished attempts cost, and what a submission is expected to cost and costs at
most. `rates` reads the dated table once into plain values, `run_statistics` how long jobs usually run. `metering`
stores the receipt of an ended job as cost lines, which `reports.costs` sums; `exact_sum` adds them exactly. Money is
Decimal in USD, stored to a ten-billionth of a dollar and rounded only for display.
"""
