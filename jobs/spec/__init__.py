"""Documents of AWS Batch as plain data: parsing, validation and comparison, without Django and without calls to AWS.

A person's text is parsed by `parsing.parser.parse`. `rules.validate.validate_document` reports every problem of a
document in document order; given definitions and queue facts it checks what will run. `rules.workflow.plan_workflow`
turns a valid document into steps that can be submitted, `effective.effective_job` shows what Batch will run and where
each value comes from, and `normalize.fingerprint` tells whether two definitions are equivalent.

    documents   the three kinds, and access that tolerates any shape
    problems    Problem, DocumentChange and JSON pointers
    patch       JSON Patch, for the fixes of problems
    parsing     text to document: every accepted format, and what is corrected on the way
    schema      JSON Schema built from botocore's service model, and validation against it
    rules       the rules by area; docs/rules.md is generated from their docstrings
    containers, placeholders, step_references, graph, job_size, placement, instance_types
                what the rules share
    effective   what Batch will run, with the source of each value
    normalize   normal form and fingerprint
    diff        the differences between two documents, in sentences
    redaction   secrets and their mask
    forms       form fields over documents
"""
