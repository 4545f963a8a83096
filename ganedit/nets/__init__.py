"""Network blocks that several tasks share."""
