"""WHAT is asked for: documents as plain data, judged without Django and without a call to AWS.

A person's text comes in through `reading.read`, which says what kind of document it is and what it changed.
`judge.problems` says everything that is wrong with a document, in the order of the document. `workflow.plan`
turns a sound one into steps that can be sent one after the other, and `normal.fingerprint` tells whether two
definitions ask for the same thing.

    documents   the three kinds, and careful access to their parts
    problems    Problem, Change and JSON pointers
    patch       applies the fix of a problem
    reading     text -> document: comments, duplicate keys, places; its parts are text, places and complaints
    schema      JSON Schema of each kind, from botocore's service model and the limits it lacks
    conformity  compares a document with such a schema, in a person's words
    definition, submission, workflow    the rules of each kind; sizes, retries and names are shared subjects
    references  what a dependency of a step means, also after a shell has had its way with it
    graph       circles and order, without recursion
    judge       one call for every kind
    normal      normal form and fingerprint
"""
