"""The pages: functions about HTTP, one module a screen group. What they show and do, `reports` and `actions` know."""
