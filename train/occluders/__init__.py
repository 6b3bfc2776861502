"""What may come between a camera and a face, one module each."""
