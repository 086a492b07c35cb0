"""smstools3's spool without Django: the text (alphabet), the file (codec), the folders.

Facts about smsd hold for version 3.1.21; docs/smsbridge.md describes the whole.
"""
