"""What people decided about outcomes: statements and waivers laid on an assessment. Pure; an outcome is never changed.

`attest` comes first and `decide` after it: what somebody has stated with evidence needs nobody to accept it.
"""

from secscan.decide.attestations import attest, attest_organization, latest
from secscan.decide.waivers import decide, in_scope, service_subjects, too_long

__all__ = ["attest", "attest_organization", "decide", "in_scope", "latest", "service_subjects", "too_long"]
