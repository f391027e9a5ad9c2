"""The built-in probes, one module each; every module's `PROBE` is found by its name."""
