use super::super::FunctionRefused;
use super::super::validation::bounds::LONGEST_ID;
use crate::engine::worker_quota::{Reservation, WorkerQuota};
use crate::wire::{InvokeFunction, Payload, RegisterFunction};

/// Memory of a table entry in bytes, in addition to its strings: maps, lengths, allocator overhead.
const ENTRY: usize = 320;

/// The same for an open call, which is in several tables. Measured: the engine grew by 926 bytes
/// for each of a million calls with ids of 36 bytes (`benches/siege`, attack `unanswered`).
const CALL: usize = 832;

/// The memory that the tables hold for one worker, including its registrations. A registration can
/// replace an earlier one.
pub(in crate::engine::control) struct Charges {
    worker_quota: WorkerQuota,
    /// Maximum size of one registration in bytes.
    limit: usize,
    /// Maximum size of all registrations in bytes.
    total: usize,
}

impl Charges {
    /// Accepts registrations of up to `limit` bytes each and `total` bytes together.
    pub(in crate::engine::control) fn new(
        worker_quota: WorkerQuota,
        limit: usize,
        total: usize,
    ) -> Self {
        Self {
            worker_quota,
            limit,
            total,
        }
    }

    /// Charges a registration to the account of the worker. A registration with the same id is
    /// released first, because it is replaced.
    pub(in crate::engine::control) fn registration(
        &self,
        function: &RegisterFunction,
    ) -> Result<(String, Reservation), FunctionRefused> {
        let function_id = function.id.clone();
        let refused = |reason| FunctionRefused::TooLong {
            function_id: function.id.clone(),
            reason,
        };
        if function.id.len() > LONGEST_ID {
            return Err(refused(format!("its id has more than {LONGEST_ID} bytes")));
        }
        let (bytes, limit) = (size_of_registration(function), self.limit);
        if bytes > limit {
            let reason = format!("its registration takes {bytes} bytes, over the limit of {limit}");
            return Err(refused(reason));
        }
        let mut registrations = self.worker_quota.registrations();
        let replaced = registrations.remove(&function_id);
        let taken = replaced.as_ref().map_or(0, Reservation::bytes);
        drop(replaced);
        match self.worker_quota.register(bytes) {
            Ok(held) => Ok((function_id, held)),
            Err(no_room) => {
                // The previous one stays.
                if taken > 0
                    && let Ok(held) = self.worker_quota.register(taken)
                {
                    registrations.insert(function_id, held);
                }
                Err(refused(no_room.to_string()))
            }
        }
    }

    /// Records a registration.
    pub(in crate::engine::control) fn registered(&self, function_id: String, held: Reservation) {
        self.worker_quota.registrations().insert(function_id, held);
    }

    /// Releases a registration.
    pub(in crate::engine::control) fn unregistered(&self, function_id: &str) {
        self.worker_quota.registrations().remove(function_id);
    }

    /// Takes over the charged bytes of the worker's older connection. Its functions stay in the
    /// tables until the worker has registered again.
    pub(in crate::engine::control) fn take_over(&self, left: &WorkerQuota) {
        let mut left = left.registrations();
        self.worker_quota.registrations().take_over(&mut left);
    }

    /// Whether the registrations of all its connections exceed the limit of the worker.
    pub(in crate::engine::control) fn exceeded(&self) -> bool {
        self.worker_quota.registrations().bytes() > self.total
    }

    /// Releases the bytes of functions that the worker no longer has.
    pub(in crate::engine::control) fn retain(&self, has: impl Fn(&str) -> bool) {
        self.worker_quota.registrations().retain(has);
    }
}

/// Memory of a registration in the tables; its id is a key of three of them.
fn size_of_registration(function: &RegisterFunction) -> usize {
    let len = |json: &Option<Payload>| json.as_ref().map_or(0, |json| json.as_json().len());
    ENTRY
        + 3 * function.id.len()
        + function.description.as_ref().map_or(0, String::len)
        + len(&function.request_format)
        + len(&function.response_format)
        + len(&function.metadata)
}

/// Memory of an open call in the tables; its id is also a key.
pub(in crate::engine::control) fn size_of_call(
    invocation_id: &str,
    call: &InvokeFunction,
) -> usize {
    let len = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    CALL + 2 * invocation_id.len()
        + call.function_id.len()
        + len(&call.traceparent)
        + len(&call.baggage)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Charges;
    use crate::engine::limits::Limits;
    use crate::engine::worker_quota::WorkerQuota;
    use crate::transport::Budget;
    use crate::wire::RegisterFunction;

    fn charges(worker: usize) -> Charges {
        let limits = Limits {
            worker_registered_bytes: worker,
            ..Limits::default()
        };
        Charges::new(
            WorkerQuota::new(&Budget::new(1 << 30), &limits),
            10_000,
            worker,
        )
    }

    fn function(id: &str, len: usize) -> RegisterFunction {
        serde_json::from_value(json!({"id": id, "description": "d".repeat(len)})).unwrap()
    }

    fn register(charges: &Charges, id: &str, len: usize) -> bool {
        match charges.registration(&function(id, len)) {
            Ok((id, held)) => {
                charges.registered(id, held);
                true
            }
            Err(_) => false,
        }
    }

    #[test]
    fn registrations_are_bounded_in_bytes_one_and_all() {
        let charges = charges(16_000);
        assert!(!register(&charges, "long", 10_000));
        assert!(!register(&charges, &"i".repeat(600), 0));
        assert!(register(&charges, "f", 9_000));
        assert!(!register(&charges, "g", 9_000));
        charges.unregistered("f");
        assert!(register(&charges, "g", 9_000));
    }

    #[test]
    fn replaced_registration_counts_once() {
        let charges = charges(16_000);
        for _ in 0..10 {
            assert!(register(&charges, "f", 9_000));
        }
        assert!(register(&charges, "g", 5_000));
        assert!(!register(&charges, "g", 9_000));
        // The amount held is unchanged.
        assert!(!register(&charges, "h", 2_000));
    }
}
