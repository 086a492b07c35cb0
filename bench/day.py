"""A real day of an installation with half a million subscribers, by dialect."""

#: Calls in a real day, by dialect. The load is ten times as much.
DAY = {
    "registrations": 50_000,
    "inbox": 150_000,
    "gateway": 50_000,
    "hosts": 60_000,
    "telephony": 30_000,
    "programmes": 40_000,
}
#: How many clients of each kind share its calls.
CLIENTS = {"registrations": 6, "inbox": 16, "gateway": 6, "hosts": 8, "telephony": 6, "programmes": 8}
