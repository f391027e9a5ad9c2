"""Inquiries: each asks the questions of the probe of the same name over the network, from the scanner's side."""
