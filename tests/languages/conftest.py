from engine import engine, worker

__all__ = ["engine", "worker"]
