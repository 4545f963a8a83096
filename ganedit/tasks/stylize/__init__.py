"""Paint pictures in the style of others (AdaIN, Huang and Belongie 2017)."""
