"""Workflow templates: their list, the page of one, saving and starting."""
