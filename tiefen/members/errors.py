"""What members refuses."""
