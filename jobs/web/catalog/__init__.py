"""The catalog: definitions, launch forms and workflow templates in one list."""
