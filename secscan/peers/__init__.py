"""Talking to peers that nobody vouches for: every byte is counted and every wait ends."""
