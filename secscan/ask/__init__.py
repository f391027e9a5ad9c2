"""Asking: a plan goes to a host, its answers come back as evidence. The only stage that does I/O with hosts."""
