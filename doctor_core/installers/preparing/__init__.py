"""What is changed in a deployment for Doctor, and how it is put back."""
