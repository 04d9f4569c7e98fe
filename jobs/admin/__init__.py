"""Django admin: people, teams and what they were given, accounts and queues, definitions, rates."""

from jobs.admin import accounts, definitions, people, rates, teams, tokens

__all__ = ["accounts", "definitions", "people", "rates", "teams", "tokens"]
