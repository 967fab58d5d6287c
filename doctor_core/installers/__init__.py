"""What Doctor has to know of how a cloud was deployed."""
