"""What secscan and OpenSCAP said of the same host, and why they disagree where they do."""
