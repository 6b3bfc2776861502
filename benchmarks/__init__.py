"""Measurements that need more than the runtime, or minutes."""
