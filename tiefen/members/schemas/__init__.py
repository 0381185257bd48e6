"""What the API says of members, by chapter."""
