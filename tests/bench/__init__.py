"""Speed and cost against the floor and the peers, on hosts that the bench boots itself: python -m tests.bench --help."""
