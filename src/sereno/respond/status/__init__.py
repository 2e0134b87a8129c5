"""The public status page: what it says, in a sentence, a sign and a picture."""
