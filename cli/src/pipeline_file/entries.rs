//! The entries of a pipeline file. Editors show the documentation of the fields.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::workers::Restart;
use crate::spec::StreamFormat;

/// A pipeline for `pipewright run -f`, and workers for `pipewright up`. Texts may contain
/// environment variables: `${NAME}` and `${NAME:-default}`; `$$` is a dollar sign.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileEntry {
    /// The format of the input. A stream of `bytes` has no item boundaries, so it cannot be distributed
    /// by item.
    #[serde(default)]
    pub(super) format: StreamFormat,
    /// The file to read, relative to the working directory; default: standard input.
    pub(super) input: Option<PathBuf>,
    /// The file to write; default: standard output. It is named FILE.part until the run is complete.
    pub(super) output: Option<PathBuf>,
    /// Maximum duration of a run, such as `90s` or `10min`; default: unlimited.
    #[schemars(with = "Option<String>")]
    pub(super) deadline: Option<Spanned<String>>,
    /// Metadata for the stages, sent in the header of the stream.
    pub(super) metadata: Option<Value>,
    /// Starts a failed run again from the beginning. Requires files as input and output.
    pub(super) retry: Option<RetryEntry>,
    /// The steps of the pipeline, in order. A file without steps has workers.
    #[schemars(with = "Option<Vec<StepEntry>>", length(min = 1))]
    pub(super) steps: Option<Spanned<Vec<Spanned<StepEntry>>>>,
    /// The workers that `pipewright up` starts. Other commands ignore them.
    #[serde(default)]
    #[schemars(with = "Vec<WorkerEntry>")]
    pub(super) worker: Vec<Spanned<WorkerEntry>>,
}

/// A worker process.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkerEntry {
    /// The name before each of its lines; default: the name of its program.
    #[schemars(with = "Option<String>")]
    pub(super) name: Option<Spanned<String>>,
    /// The command with its arguments, such as `["python3", "words.py"]`. No shell reads it.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) command: Spanned<Vec<String>>,
    /// The working directory of the command.
    pub(super) directory: Option<PathBuf>,
    /// Environment variables of the command, in addition to the address of the engine.
    #[serde(default)]
    pub(super) env: BTreeMap<String, String>,
    /// When to start it again after it has ended; default: `never`.
    #[serde(default)]
    pub(super) restart: Restart,
}

/// When to run again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RetryEntry {
    /// Maximum number of repetitions.
    pub(super) times: u32,
    /// Delay before the first repetition, such as `5s`; default: 1 s. It doubles each time, up to 5 min.
    #[schemars(with = "Option<String>")]
    pub(super) wait: Option<Spanned<String>>,
}

/// A step: one of `stage`, `command`, `tee`, `broadcast` and `partition`, with its
/// settings.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    {"required": ["stage"]},
    {"required": ["command"]},
    {"required": ["tee"]},
    {"required": ["broadcast"]},
    {"required": ["partition", "steps"]},
]))]
pub(super) struct StepEntry {
    /// The id of a registered stage, such as `log::parse`.
    #[schemars(with = "Option<String>")]
    pub(super) stage: Option<Spanned<String>>,
    /// A command with its arguments, such as `["jq", "-c", ".user"]`, which runs beside the program.
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(super) command: Option<Spanned<Vec<String>>>,
    /// The working directory of the command.
    #[schemars(with = "Option<PathBuf>")]
    pub(super) directory: Option<Spanned<PathBuf>>,
    /// Environment variables of the command.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub(super) env: Option<Spanned<BTreeMap<String, String>>>,
    /// The parameters of the stage.
    #[schemars(with = "Option<Value>")]
    pub(super) params: Option<Spanned<Value>>,
    /// The output format of the stage; default: its input format.
    #[schemars(with = "Option<StreamFormat>")]
    pub(super) writes: Option<Spanned<StreamFormat>>,
    /// Number of concurrent copies of the stage; each item goes to the next copy with room.
    #[schemars(with = "Option<usize>", range(min = 1))]
    pub(super) copies: Option<Spanned<usize>>,
    /// Whether the outputs of the copies keep the order of the inputs.
    #[schemars(with = "Option<bool>")]
    pub(super) ordered: Option<Spanned<bool>>,
    /// Also writes everything to this file, through the steps in `steps` if there are any.
    #[schemars(with = "Option<PathBuf>")]
    pub(super) tee: Option<Spanned<PathBuf>>,
    /// Sends every item to each of these branches; their outputs are merged in order of arrival.
    #[schemars(with = "Option<Vec<Vec<StepEntry>>>", length(min = 1))]
    pub(super) broadcast: Option<Spanned<Vec<Vec<Spanned<StepEntry>>>>>,
    /// Distributes the items over branches with the steps in `steps`; equal keys go to the same branch.
    #[schemars(with = "Option<PartitionEntry>")]
    pub(super) partition: Option<Spanned<PartitionEntry>>,
    /// The steps of a side branch, or of each branch of a partition.
    #[schemars(with = "Option<Vec<StepEntry>>")]
    pub(super) steps: Option<Spanned<Vec<Spanned<StepEntry>>>>,
}

/// How items are distributed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PartitionEntry {
    /// A JSON pointer to the key of an item, such as `/user/id`; default: the whole item is the key.
    #[schemars(with = "Option<String>")]
    pub(super) by: Option<Spanned<String>>,
    /// Number of branches.
    #[schemars(with = "usize", range(min = 1))]
    pub(super) into: Spanned<usize>,
}
