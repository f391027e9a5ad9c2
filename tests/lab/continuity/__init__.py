"""Two sites with four hosts whose backups are real, for tests of what continuity measures."""
