"""Planning: a baseline becomes the questions it needs, each asked once, in one script. Pure."""
