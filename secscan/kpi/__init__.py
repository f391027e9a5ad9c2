"""Key performance indicators and the risk register: what a governing body is told, computed from assessments alone."""
