"""The tasks, one folder each. They never import one another."""
