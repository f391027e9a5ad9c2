"""secscan: an agentless cybersecurity and business-continuity compliance scanner."""

__version__ = "0.1.0"
