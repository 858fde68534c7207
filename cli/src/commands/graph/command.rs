use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{dot, svg, text};
use crate::failure::Failure;
use crate::pipeline_file::PipelineFile;
use crate::terminal::stdio::Stdio;

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright graph pipeline.toml
  pipewright graph pipeline.toml --format svg > pipeline.svg")]
pub(crate) struct Arguments {
    /// The pipeline file; `-` for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Output format.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Format {
    /// Lines of text.
    #[default]
    Text,
    /// Graphviz source.
    Dot,
    /// An SVG image, drawn by the Graphviz program `dot`.
    Svg,
}

/// Draws the pipeline of a file to standard output.
pub(crate) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let file = PipelineFile::open(&arguments.file)?;
    file.needs_steps()?;
    let drawn = match arguments.format {
        Format::Text => text::draw(&file).into_bytes(),
        Format::Dot => dot::draw(&file).into_bytes(),
        Format::Svg => svg::draw(&dot::draw(&file)).await?,
    };
    (&Stdio::stdout()?).write_all(&drawn)?;
    Ok(())
}
