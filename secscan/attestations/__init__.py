"""Statements of people: files read with places, the evidence they rest on, and their schema."""
