use std::sync::Arc;

use super::Table;

impl Table {
    /// Records that a worker continues its calls under another id.
    pub(in crate::engine::runs) fn renamed(&mut self, old: &Arc<str>, new: &Arc<str>) {
        for run in self.runs.values_mut() {
            if let Some((worker, _)) = run.label.as_mut().filter(|(worker, _)| worker == old) {
                *worker = Arc::clone(new);
            }
            let called = run.nodes.values_mut().filter_map(|node| node.call.as_mut());
            for call in called {
                if call.caller == *old {
                    call.caller = Arc::clone(new);
                }
                if call.key.0 == *old {
                    let place = self.calls.remove(&call.key);
                    call.key.0 = Arc::clone(new);
                    if let Some(place) = place {
                        self.calls.insert(call.key.clone(), place);
                    }
                }
            }
        }
        self.named.renamed(old, new);
    }
}
