"""Translation learned from pairs: a drawing and the photograph that it was drawn from."""
