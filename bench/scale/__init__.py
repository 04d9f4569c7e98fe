"""Pages of a portal with a long history: `python -m bench.scale --database URL --jobs N`.

A page whose work depends on the history shows in its rows or steps, and in its time.

    world       two teams with people, queues, definitions and generated jobs
    addresses   the pages and reads of the API, with their filters
    counters    queries, and the work of the database, of one request
    __main__    the table
"""
