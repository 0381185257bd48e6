"""What members announces."""
