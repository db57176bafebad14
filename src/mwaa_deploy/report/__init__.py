"""What people and programs read afterwards."""
