"""What people use: the Python interface, files and folders, the command line."""
