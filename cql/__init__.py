"""The schema in numbered migrations, and every statement by name."""
