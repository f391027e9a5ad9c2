"""Speaking up: what people who were not there must be told of a run, said once, in a few lines, and sent."""
