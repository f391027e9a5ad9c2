"""Carrying one script to a shell and its output back, over anything that has three streams: what all transports share."""
