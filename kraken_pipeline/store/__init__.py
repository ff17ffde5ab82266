"""What is kept: orders, decisions, books and halts in SQL, bars in Parquet."""
