//! Compiles the protocol of the tonic peer, without `protoc`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = protox::compile(["records.proto"], ["proto"])?;
    tonic_prost_build::compile_fds(files)?;
    Ok(())
}
