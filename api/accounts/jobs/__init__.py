"""What each person has sent to be done later."""
