"""How the tables of the history came to be, one step after the other. Run by Alembic, from secscan/history/schema.py."""
