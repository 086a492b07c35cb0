"""Live streams: who is connected, and what is new for them.

The database is the truth: a stream is the changes of one person's inbox in
the order of its versions. Redis, where there is one, only says "look now"; a
hint that is lost costs the time until the next look.
"""
