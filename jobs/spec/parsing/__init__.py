"""Parsing of a person's text into a document.

parser      the entry point: tries the formats, then corrects the document
jsonc, shell, cli_command, yaml_text, terraform
            the formats: JSON with comments or surrounding prose, scripts with AWS CLI commands, YAML, Terraform
isolated, yaml_process, hcl_process
            parsing by a library in a process that is stopped when it takes too long
foreign_shapes
            documents of other tools: CloudFormation, Step Functions, ECS
describe_output, cli_skeleton, key_case, empty_members
            the corrections: AWS output, CLI skeletons, other spellings of keys and values, empty members
unresolved_values
            references to what the text lacks, such as shell variables: asked for, never guessed
errors, json_tokens, json_source_map, json_error_messages
            positions, tokens and messages
"""
