"""Judging evidence: pure, three-valued, and never a verdict without an answer."""
