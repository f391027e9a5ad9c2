"""The built-in matchers, grouped by what they compare; every module's `MATCHERS` are found by their names."""
