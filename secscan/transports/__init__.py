"""Transports carry one script to a target and its output back. One module each; none knows another."""
