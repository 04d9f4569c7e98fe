"""What it costs: rates, estimates and the charging of jobs that have ended.

`receipt` and `estimate` are pure: the one says what finished attempts cost, the other what a submission is expected
to cost and what it costs at most. `rates` reads the dated table once into plain values, `run_statistics` how long
jobs usually run. `metering` writes the receipt of an ended job down as cost lines, which `reports.costs` sums;
`exact_sum` adds them exactly. Money is Decimal in USD, kept to a ten-billionth of a dollar and rounded only where it
is shown.
"""
