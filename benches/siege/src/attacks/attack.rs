/// An attack and its limits.
pub(super) struct Attack {
    /// The name in the table.
    pub(super) name: &'static str,
    /// The name in `roles::attack`.
    pub(super) role: &'static str,
    /// Flags of the engine; without any, it has its default limits.
    pub(super) flags: &'static [&'static str],
    /// MiB that the engine may grow by during the attack, as allowed by the limits that the attack
    /// reaches.
    pub(super) growth_mib: f64,
    /// The minimum share of their throughput that others must keep. The turns of a quick run are
    /// too short to check it.
    pub(super) share: f64,
}

impl Attack {
    /// An attack on an engine with default limits, which may grow by 64 MiB.
    pub(super) const fn new(name: &'static str, role: &'static str) -> Self {
        Self {
            name,
            role,
            flags: &[],
            growth_mib: 64.0,
            share: 0.15,
        }
    }

    pub(super) const fn flags(mut self, flags: &'static [&'static str]) -> Self {
        self.flags = flags;
        self
    }

    pub(super) const fn share(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    pub(super) const fn growth_mib(mut self, growth_mib: f64) -> Self {
        self.growth_mib = growth_mib;
        self
    }
}
