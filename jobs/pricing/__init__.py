"""What it costs: rates, estimates and the charging of jobs that have ended.

`estimate` is pure: sizes, run times and rates in, a receipt out. `rates` reads the dated table once into plain
values. `charging` writes the receipt of an ended job down as cost lines, which `reports.costs` sums; `sums` adds them
exactly. Money is Decimal in USD, kept to a ten-billionth of a dollar and rounded only where it is shown.
"""
