/// The part of a round that is affected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Producer,
    Stage,
    Consumer,
    Engine,
}

impl Part {
    pub(crate) const ALL: [Self; 4] = [Self::Producer, Self::Stage, Self::Consumer, Self::Engine];
    /// The parts that are workers.
    pub(crate) const WORKERS: [Self; 3] = [Self::Producer, Self::Stage, Self::Consumer];

    /// The program argument for the part, and the name of its function.
    pub(crate) fn role(self) -> &'static str {
        match self {
            Self::Producer => "producer",
            Self::Stage => "stage",
            Self::Consumer => "consumer",
            Self::Engine => "engine",
        }
    }

    /// The name of the part that reads its output.
    pub(crate) fn reader(self) -> &'static str {
        match self {
            Self::Producer => "stage",
            Self::Stage => "consumer",
            Self::Consumer | Self::Engine => "run",
        }
    }

    pub(crate) fn of_role(role: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.role() == role)
    }
}
