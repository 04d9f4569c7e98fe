"""Documents of AWS Batch as plain data: parsing, validation and comparison, without Django and without calls to AWS.

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
