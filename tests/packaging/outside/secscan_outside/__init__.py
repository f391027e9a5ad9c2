"""One plugin of every kind, as docs/writing-plugins.md shows them."""
