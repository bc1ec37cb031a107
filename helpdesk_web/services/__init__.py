"""What happens on the desk: stories, and the parts they use. Services flush; edges commit."""
