"""What members hears, and does later."""
