"""What probes of configuration share: how programs find, merge and parse their files."""
