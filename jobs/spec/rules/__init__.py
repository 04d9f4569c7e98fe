"""The rules of AWS Batch, by area.

validate    checks a document of any kind; problem_limit stops it when there are too many problems
registry    ids, severities, statements and sources of the rules
job_definition, job, workflow
            the rules of each kind of document, which chain those of the areas
platform, multinode_ecs_eks, sizes, required_size, volumes, secrets, retries, reserved_names, dependencies, overrides,
queue
            the areas
"""
