"""Continuity, measured: restore points of every backup over all hosts, and what they mean for the objectives of services. Pure."""
