"""Costs: rates, estimates and metering.

Money is Decimal in USD, stored to a ten-billionth and rounded only for display.
"""
