"""Mixed load: `python -m bench.load --database sqlite --rates 25 40`.

Requests of 200 people arrive at a fixed rate, whether earlier ones have been answered or not. The portal is all its
processes, and they share the machine with what sends the requests.

    mix         what people request, and how often
    generator   sends at a fixed rate, and takes the times
    people      sessions and tokens
    __main__    the table and the result as JSON
"""
