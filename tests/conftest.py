"""What holds for every test here."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("patient", deadline=None)  # a machine that is busy with other things proves nothing about the code
settings.load_profile("patient")
