"""Training data: folders of pictures, crops, degradations."""
