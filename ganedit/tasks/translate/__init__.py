"""Translate pictures between domains (CycleGAN, Zhu et al. 2017)."""
