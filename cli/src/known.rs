use pipewright::Worker;

use super::exit::Exit;
use super::failure::Failure;
use super::lists;
use super::similar::similar;

/// The ids that an engine lists, of functions and thus of stages.
pub(super) struct Known(Vec<String>);

/// How many ids an error shows at the most.
const SHOWN: usize = 12;

impl Known {
    /// Asks the engine.
    pub(super) async fn ask(worker: &Worker) -> Result<Self, Failure> {
        let functions = lists::functions(worker).await?;
        let ids = functions.iter().map(|listed| listed.text("function_id"));
        let mut ids: Vec<_> = ids.map(str::to_owned).collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(Self(ids))
    }

    /// Whether there is a function of this id.
    pub(super) fn has(&self, id: &str) -> bool {
        self.0
            .binary_search_by(|known| known.as_str().cmp(id))
            .is_ok()
    }

    /// The id that was most likely meant.
    pub(super) fn similar(&self, id: &str) -> Option<&str> {
        similar(id, self.0.iter().map(String::as_str))
    }

    /// What to do about an id that is not known.
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

    /// Refuses the first of `ids` that is not known.
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
