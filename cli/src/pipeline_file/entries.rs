//! What stands in a file, as it is written. The documentation of a field is what editors show.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use crate::draft::StreamFormat;

/// A pipeline for `pipewright run -f`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileEntry {
    /// What the input is made of. Without borders between items, as in `bytes`, a stream cannot be
    /// parted into items.
    #[serde(default)]
    pub(super) format: StreamFormat,
    /// The file to read; standard input without. From the directory in which the program runs.
    pub(super) input: Option<PathBuf>,
    /// The file to write; standard output without. It is FILE.part until the run is complete.
    pub(super) output: Option<PathBuf>,
    /// How long a run may take, such as `90s` or `10min`; as long as it takes without.
    #[schemars(with = "Option<String>")]
    pub(super) deadline: Option<Spanned<String>>,
    /// What the header of the stream tells the stages.
    pub(super) metadata: Option<Value>,
    /// Runs again from the beginning when a run fails. Needs files as input and output.
    pub(super) retry: Option<RetryEntry>,
    /// What is done with the input, first to last.
    #[schemars(with = "Vec<StepEntry>", length(min = 1))]
    pub(super) steps: Spanned<Vec<Spanned<StepEntry>>>,
}

/// When to run again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RetryEntry {
    /// How often at the most.
    pub(super) times: u32,
    /// How long to wait before, such as `5s`; a second without.
    #[schemars(with = "Option<String>")]
    pub(super) wait: Option<Spanned<String>>,
}

/// A step: one of `stage`, `tee`, `broadcast` and `partition`, with what belongs to it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    {"required": ["stage"]},
    {"required": ["tee"]},
    {"required": ["broadcast"]},
    {"required": ["partition", "steps"]},
]))]
pub(super) struct StepEntry {
    /// A stage, by the id that a worker has registered it by, such as `log::parse`.
    #[schemars(with = "Option<String>")]
    pub(super) stage: Option<Spanned<String>>,
    /// The parameters of the stage.
    #[schemars(with = "Option<Value>")]
    pub(super) params: Option<Spanned<Value>>,
    /// What comes out of the stage; as what comes in without.
    #[schemars(with = "Option<StreamFormat>")]
    pub(super) writes: Option<Spanned<StreamFormat>>,
    /// How often the stage runs, side by side; each item goes to the next copy that has room.
    #[schemars(with = "Option<usize>", range(min = 1))]
    pub(super) copies: Option<Spanned<usize>>,
    /// Whether what comes out of the copies is in the order of what went in.
    #[schemars(with = "Option<bool>")]
    pub(super) ordered: Option<Spanned<bool>>,
    /// Writes everything to this file as well, through the steps in `steps` if there are any.
    #[schemars(with = "Option<PathBuf>")]
    pub(super) tee: Option<Spanned<PathBuf>>,
    /// Gives every item to each of these branches; what comes out of them goes on as it comes.
    #[schemars(with = "Option<Vec<Vec<StepEntry>>>", length(min = 1))]
    pub(super) broadcast: Option<Spanned<Vec<Vec<Spanned<StepEntry>>>>>,
    /// Gives the items to branches with the steps in `steps`, those with equal keys to the same.
    #[schemars(with = "Option<PartitionEntry>")]
    pub(super) partition: Option<Spanned<PartitionEntry>>,
    /// The steps of a side branch, or of each branch of a partition.
    #[schemars(with = "Option<Vec<StepEntry>>")]
    pub(super) steps: Option<Spanned<Vec<Spanned<StepEntry>>>>,
}

/// How items are parted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PartitionEntry {
    /// Where the key is in a JSON value, as a JSON pointer such as `/user/id`; without, the whole
    /// item is the key.
    #[schemars(with = "Option<String>")]
    pub(super) by: Option<Spanned<String>>,
    /// How many branches.
    #[schemars(with = "usize", range(min = 1))]
    pub(super) into: Spanned<usize>,
}
