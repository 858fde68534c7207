//! `pipewright man`.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::exit::Exit;
use crate::failure::Failure;

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright man ~/.local/share/man/man1 && man pipewright-channel-read")]
pub(crate) struct Arguments {
    /// Directory for the pages, one per command; created if necessary.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Writes the help of every command as a manual page.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let directory = &arguments.directory;
    let mut command = crate::Arguments::command().disable_help_subcommand(true);
    command.build();
    fs::create_dir_all(directory)
        .and_then(|()| write_pages(command, directory))
        .map_err(|error| {
            let told = format!("cannot write to {}: {error}", directory.display());
            Failure::new(Exit::Failure, told).hint("name a directory that you may write to")
        })
}

fn write_pages(command: Command, directory: &Path) -> io::Result<()> {
    for command in command.get_subcommands() {
        write_pages(command.clone(), directory)?;
    }
    let more = command.get_after_long_help().or(command.get_after_help());
    let more = more.map(ToString::to_string);
    let has_subcommands = command.has_subcommands();
    let page = Man::new(command)
        .source(concat!("pipewright ", env!("CARGO_PKG_VERSION")))
        .manual("pipewright");
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    if has_subcommands {
        page.render_subcommands_section(&mut text)?;
    }
    text.write_all(further(&more.unwrap_or_default()).as_bytes())?;
    fs::write(directory.join(page.get_filename()), text)
}

/// Formats the text after the options. A paragraph that starts with a heading becomes a section of
/// literal lines; other paragraphs are text.
fn further(help: &str) -> String {
    let mut roff = Roff::new();
    for paragraph in help.split("\n\n") {
        let (first, rest) = paragraph.split_once('\n').unwrap_or((paragraph, ""));
        if let Some(heading) = first.strip_suffix(':').filter(|_| rest.starts_with("  ")) {
            roff.control("SH", [heading.to_uppercase().as_str()]);
            roff.control("nf", []);
            for line in rest.lines() {
                roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
            }
            roff.control("fi", []);
        } else {
            roff.control("PP", []);
            roff.text([roman(paragraph)]);
        }
    }
    roff.to_roff()
}
