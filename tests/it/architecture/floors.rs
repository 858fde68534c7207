//! The floors of the table in `ARCHITECTURE.md`, section *Layout*.

/// The floor of each module. A module may import modules on lower floors, and itself.
pub(super) struct Floors(&'static [(&'static str, u8)]);

impl Floors {
    pub(super) fn of_the_house() -> Self {
        Self(&[
            ("wire", 0),
            ("sync", 0),
            ("codec", 1),
            ("transport", 1),
            ("channel", 2),
            ("worker", 3),
            ("error", 4),
            ("stage", 5),
            ("pipeline", 6),
            ("engine", 6),
            ("embedded", 7),
            ("testing", 8),
            ("fuzzing", 8),
            ("prelude", 8),
        ])
    }

    /// Whether the module `from` may import `to`; the error states why not.
    pub(super) fn check(&self, from: &str, to: &str) -> Result<(), String> {
        if from == to {
            return Ok(());
        }
        // Client and engine share only the wire types, the transport and the locks.
        if from == "engine" && !matches!(to, "wire" | "transport" | "sync") {
            return Err(format!(
                "`engine` imports `wire`, `transport` and `sync`, not `{to}`"
            ));
        }
        let (below, above) = (self.floor(to)?, self.floor(from)?);
        if below < above {
            return Ok(());
        }
        Err(format!(
            "`{from}`, floor {above}, imports `{to}`, floor {below}"
        ))
    }

    fn floor(&self, module: &str) -> Result<u8, String> {
        self.0
            .iter()
            .find(|(name, _)| *name == module)
            .map(|(_, floor)| *floor)
            .ok_or_else(|| format!("`{module}` has no floor; name the module an item lives in"))
    }
}
