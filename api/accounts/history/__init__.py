"""What each person has asked and been answered."""
