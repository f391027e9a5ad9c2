"""What was found before: every run, the state of every check on every host, and each change of it."""
