"""The register of oversight recommendations: read, held against results of a saved run, and told by age. It is never written."""
