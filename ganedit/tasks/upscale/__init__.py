"""Enlarge photographs (SRGAN lineage: Ledig et al. 2017; ESRGAN, Wang et al. 2018)."""
