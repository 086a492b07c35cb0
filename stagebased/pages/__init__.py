"""Pages on which editors see what a message set does: when, to whom, how it looks, what it costs.

They only read and call operations; what they tell comes from the planner's
own code. ``mixin`` hangs them onto the admin class of message sets.
"""
