"""What a fault means for others, and setting Nova's picture right."""
