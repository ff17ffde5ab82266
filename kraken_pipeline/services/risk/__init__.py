"""What is known just before an assessment, and what risk makes of it."""
