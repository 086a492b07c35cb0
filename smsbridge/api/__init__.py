"""The dialect of smstools-http-api under ``/api/v1.0/``; docs/smsbridge.md tells where it differs."""
