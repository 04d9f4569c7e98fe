"""Pages of a portal with a long history: `python -m bench.scale --database sqlite --jobs 10000`.

A page whose work depends on the history shows in its rows or steps, and in its time.

    world       two teams with people, queues, definitions and generated jobs
    addresses   the pages and reads of the API, with their filters
    counters    queries, and the work of the database, of one request
    goals       how long pages may take
    __main__    the table and the result as JSON
"""
