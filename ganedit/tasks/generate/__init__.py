"""Pictures from noise: a style-based generator, and the latent space that it draws from."""
