"""A transport: runs the script in a private mount namespace of this machine."""

import subprocess

from secscan.errors import UnreachableError
from secscan.model.target import Exchanged


def exchange(target, request, receive):
    """One process: the nonce and the script go in, every piece of output goes to `receive`."""
    command = ["sh", "-c", 'IFS= read -r secscan_nonce; eval "$(cat)"']
    try:
        done = subprocess.run(
            command, input=f"{request.nonce}\n{request.script}".encode(), capture_output=True, timeout=request.total_s, check=False
        )
    except OSError as error:
        raise UnreachableError(f"no shell here: {error}") from error
    receive(done.stdout)
    return Exchanged(done.returncode, done.stderr, address="jail")


TRANSPORT = exchange
