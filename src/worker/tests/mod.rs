//! The driver against a scripted engine, over memory.
