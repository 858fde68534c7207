use pipewright::Worker;

use super::exit::Exit;
use super::failure::Failure;
use super::lists;
use super::similar::similar;

/// The function ids that an engine lists, including stages.
pub(super) struct Known(Vec<String>);

/// Maximum number of ids in an error.
const SHOWN: usize = 12;

impl Known {
    /// Queries the engine.
    pub(super) async fn ask(worker: &Worker) -> Result<Self, Failure> {
        let functions = lists::functions(worker).await?;
        let ids = functions.iter().map(|listed| listed.text("function_id"));
        let mut ids: Vec<_> = ids.map(str::to_owned).collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(Self(ids))
    }

    /// Whether a function with this id exists.
    pub(super) fn has(&self, id: &str) -> bool {
        self.0
            .binary_search_by(|known| known.as_str().cmp(id))
            .is_ok()
    }

    /// The most similar id.
    pub(super) fn similar(&self, id: &str) -> Option<&str> {
        similar(id, self.0.iter().map(String::as_str))
    }

    /// The hint for an unknown id.
    pub(super) fn hint(&self, id: &str) -> String {
        if let Some(meant) = self.similar(id) {
            return format!("did you mean `{meant}`?");
        }
        match self.0.split_at_checked(SHOWN) {
            _ if self.0.is_empty() => {
                "no worker has registered anything at this engine; start the worker of the stage"
                    .to_owned()
            }
            Some((first, more)) if !more.is_empty() => format!(
                "start the worker of the stage; the engine has {} and {} more",
                first.join(", "),
                more.len()
            ),
            _ => format!(
                "start the worker of the stage; the engine has {}",
                self.0.join(", ")
            ),
        }
    }

    /// Rejects the first unknown id of `ids`.
    pub(super) fn check<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> Result<(), Failure> {
        match ids.into_iter().find(|id| !self.has(id)) {
            None => Ok(()),
            Some(id) => {
                let message = format!("no worker has the stage `{id}`");
                Err(Failure::new(Exit::StageFailed, message).hint(self.hint(id)))
            }
        }
    }
}
