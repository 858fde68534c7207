use clap::Args;

use crate::terminal::units::size;

/// The maximum size of an item.
#[derive(Args, Clone)]
pub(crate) struct ItemLimit {
    /// Maximum size of an item; a larger one is an error. Workers have a limit of their own.
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = positive)]
    max_item_bytes: usize,
}

impl ItemLimit {
    /// In bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.max_item_bytes
    }
}

fn positive(text: &str) -> Result<usize, String> {
    match size(text)? {
        0 => Err("an item has a byte at the least".to_owned()),
        // One more must be a number, too.
        bytes => Ok(bytes.min(usize::MAX >> 1)),
    }
}
