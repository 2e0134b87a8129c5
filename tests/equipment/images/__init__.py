"""Local stand-ins for the images that the compose file names; see README.md for what each is and isn't."""
