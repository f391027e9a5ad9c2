"""Content: checks and baselines from YAML to the model, with every problem of every file reported at once."""
