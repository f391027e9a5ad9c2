"""The nouns: frozen records that every stage hands to the next. Standard library only."""
