"""Parsing of a person's text into a document. `parser` is the entry point.

Formats: `jsonc`, `shell` with `cli_command`, `yaml_text`, `terraform`; of other tools: `foreign_shapes`. Corrections:
`describe_output`, `cli_skeleton`, `key_case`, `empty_members`. Values that the text lacks are asked for:
`unresolved_values`.
"""
