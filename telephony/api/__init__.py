"""The XiVO 1.0 dialect: ``/1.0/users/`` and ``/1.0/voicemails/``."""
