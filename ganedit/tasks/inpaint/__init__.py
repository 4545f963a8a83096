"""Filling masked regions."""
