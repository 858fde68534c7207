//! Micro-benchmarks of pipewright, one a file in `benches`; this library is empty.
