"""A reporter: one line for each host."""

from secscan.inert import visible
from secscan.reporters import Reporter


def render(documents):
    """Documents come one at a time; what a host said is made inert before it is printed."""
    for document in documents:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in document["tally"]["counts"].items())
        yield f"{visible(document['host']['name'])}: {counts}\n"


REPORTER = Reporter("oneline", "line.txt", "text/plain", "One line for each host", render)
