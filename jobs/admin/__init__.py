"""Django admin: people, teams and what they were given, accounts and queues, definitions, rates, the audit."""

from jobs.admin import accounts, audit, definitions, people, rates, teams, tokens

__all__ = ["accounts", "audit", "definitions", "people", "rates", "teams", "tokens"]
