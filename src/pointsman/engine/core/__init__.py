"""What every stream's engine is made of: recording facts, tables in creation order, timers."""
