"""What would stop a run, and how to mend it: one look at each thing that a run depends on, changing none."""
