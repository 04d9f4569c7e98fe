"""Costs: rates, estimates and the metering of ended jobs.

Money is Decimal in USD, stored to a ten-billionth of a dollar and rounded only for display.
"""
