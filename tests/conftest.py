"""What holds for every test here."""

from __future__ import annotations

import os
import tempfile

from hypothesis import settings

settings.register_profile("patient", deadline=None)  # a machine that is busy with other things proves nothing about the code
settings.load_profile("patient")

_data = tempfile.TemporaryDirectory(prefix="secscan-tests-")  # kept until the interpreter ends
os.environ["XDG_DATA_HOME"] = _data.name  # no test touches what the person who runs it has remembered
