//! Stages for the tests, written the way `#[pipeline_stage]` writes them.

use std::future::ready;

use pipewright::__private::{
    Applied, Ends, Flow, ItemRun, ItemStage, Iter, Stream, StreamStage, items, streams,
};
use pipewright::format::Json;
use pipewright::{
    Consumer, Error, Producer, Receiver, Result, Sender, Service, Stage, StageContext, StageError,
    StageReport,
};
use serde::Deserialize;
use serde_json::Value;

/// The plumbing that every stage has in common.
macro_rules! stage {
    ($name:ty, $id:expr, $kind:ident, $in:ty => $out:ty, $serve:path) => {
        impl Stage for $name {
            type In = $in;
            type Out = $out;
            type InFormat = Json;
            type OutFormat = Json;

            fn id(&self) -> String {
                $id.to_owned()
            }

            fn fuse<S>(
                self,
                input: S,
                context: StageContext,
            ) -> impl Stream<Item = Flow<$out>> + Send + 'static
            where
                S: Stream<Item = Flow<$in>> + Send + 'static,
            {
                $kind::fuse(self, input, context)
            }

            fn serve(
                self,
                ends: Ends,
                context: StageContext,
            ) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static {
                $serve(self, ends, context)
            }
        }
    };
}

/// A stage of a function from an item to a vector.
macro_rules! item_stage {
    ($(#[$doc:meta])* $name:ident, $id:literal, $in:ty => $out:ty, $apply:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(super) struct $name;

        impl ItemStage for $name {
            type In = $in;
            type Out = $out;
            type State = u64;
            type Params = Value;
            type Outputs = Iter<std::vec::IntoIter<$out>>;

            fn apply(
                &self,
                item: $in,
                run: &mut ItemRun<u64, Value>,
            ) -> impl Future<Output = Applied<Self::Outputs, u64>> + Send + 'static + use<> {
                let apply: fn($in, &mut ItemRun<u64, Value>) -> Result<Vec<$out>> = $apply;
                let outputs = apply(item, run);
                ready(Applied::stateless(outputs.map(|all| Iter(all.into_iter()))))
            }
        }

        stage!($name, $id, items, $in => $out, items::serve::<_, Json, Json>);
    };
}

item_stage!(Double, "test::double", u64 => u64, |n, _| Ok(vec![n.wrapping_mul(2)]));
item_stage!(Increment, "test::increment", u64 => u64, |n, _| Ok(vec![n.wrapping_add(1)]));
item_stage!(Odd, "test::odd", u64 => u64, |n, _| Ok((n % 2 == 1).then_some(n).into_iter().collect()));
item_stage!(Twice, "test::twice", u64 => u64, |n, _| Ok(vec![n, n]));
item_stage!(
    /// Says what it sees before it gives it.
    Announce, "test::announce", u64 => u64, |n, run| {
        run.context.send_message(format!("saw {n}"));
        Ok(vec![n])
    }
);
item_stage!(
    /// The number of the item in its copy of the stage, so that copies are seen.
    Number, "test::number", u64 => (u64, u64), |n, run| {
        let state = run.state.get_or_insert_default();
        *state += 1;
        Ok(vec![(n, *state)])
    }
);
item_stage!(
    /// Takes the number off again.
    Strip, "test::strip", (u64, u64) => u64, |(n, _), _| Ok(vec![n])
);
item_stage!(
    /// Fails at multiples of five; panics at 13.
    NoFives, "test::no_fives", u64 => u64, |n, _| {
        assert_ne!(n, 13, "thirteen");
        if n % 5 == 0 {
            return Err(Error::msg(format_args!("{n} is a five")));
        }
        Ok(vec![n])
    }
);
item_stage!(
    /// What the context knows.
    Context, "test::context", u64 => String, |n, run| {
        let metadata = run.context.metadata().cloned().unwrap_or_default();
        Ok(vec![format!("{n} {metadata} {}", run.params)])
    }
);

/// Gives the sum of every so many items, and of the rest at the end.
#[derive(Clone, Copy)]
pub(super) struct Sums;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SumsOf {
    every: Option<u64>,
}

impl StreamStage for Sums {
    type In = u64;
    type Out = u64;
    type InFormat = Json;
    type OutFormat = Json;
    type Params = SumsOf;

    fn start(
        &self,
        mut input: Receiver<u64>,
        mut output: Sender<u64>,
        params: SumsOf,
        _: StageContext,
    ) -> impl Future<Output = Result<()>> + Send + 'static + use<> {
        async move {
            let (every, mut seen, mut sum) = (params.every.unwrap_or(3), 0, 0_u64);
            while let Some(n) = input.recv().await? {
                seen += 1;
                sum = sum.wrapping_add(n);
                if seen == every {
                    output.send(sum).await?;
                    (seen, sum) = (0, 0);
                }
            }
            output.send(sum).await?;
            Ok(())
        }
    }
}

stage!(Sums, "test::sums", streams, u64 => u64, streams::serve);

/// Gives the first few items and wants no more.
#[derive(Clone, Copy)]
pub(super) struct First(pub(super) u64);

impl StreamStage for First {
    type In = u64;
    type Out = u64;
    type InFormat = Json;
    type OutFormat = Json;
    type Params = Value;

    fn start(
        &self,
        mut input: Receiver<u64>,
        mut output: Sender<u64>,
        _: Value,
        _: StageContext,
    ) -> impl Future<Output = Result<()>> + Send + 'static + use<> {
        let left = self.0;
        async move {
            for _ in 0..left {
                let Some(n) = input.recv().await? else { break };
                output.send(n).await?;
            }
            Ok(())
        }
    }
}

stage!(First, "test::first", streams, u64 => u64, streams::serve);

/// Never reads and never ends.
#[derive(Clone, Copy)]
pub(super) struct Hang;

impl StreamStage for Hang {
    type In = u64;
    type Out = u64;
    type InFormat = Json;
    type OutFormat = Json;
    type Params = Value;

    fn start(
        &self,
        input: Receiver<u64>,
        output: Sender<u64>,
        _: Value,
        _: StageContext,
    ) -> impl Future<Output = Result<()>> + Send + 'static + use<> {
        async move {
            let _held = (input, output);
            std::future::pending().await
        }
    }
}

stage!(Hang, "test::hang", streams, u64 => u64, streams::serve);

/// The numbers below `Params`, with a message before each multiple of ten.
#[derive(Clone, Copy)]
pub(super) struct Count(pub(super) u64);

impl Producer for Count {
    type Out = u64;
    type Format = Json;
    type Params = Value;

    fn id(&self) -> String {
        "test::count".to_owned()
    }

    fn start(
        &self,
        mut output: Sender<u64>,
        _: Value,
        _: StageContext,
    ) -> impl Future<Output = Result<()>> + Send + 'static + use<> {
        let end = self.0;
        async move {
            for n in 0..end {
                if n % 10 == 0 {
                    output.send_message(format!("at {n}")).await?;
                }
                output.send(n).await?;
            }
            Ok(())
        }
    }
}

/// Takes so many items, or all, and tells how many they were.
#[derive(Clone)]
pub(super) struct Take {
    pub(super) most: u64,
    pub(super) took: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl Take {
    pub(super) fn new(most: u64) -> Self {
        Self {
            most,
            took: std::sync::Arc::default(),
        }
    }

    pub(super) fn took(&self) -> u64 {
        self.took.load(std::sync::atomic::Ordering::SeqCst)
    }
}

impl Consumer for Take {
    type In = u64;
    type Format = Json;
    type Params = Value;

    fn id(&self) -> String {
        "test::take".to_owned()
    }

    fn start(
        &self,
        mut input: Receiver<u64>,
        _: Value,
        _: StageContext,
    ) -> impl Future<Output = Result<()>> + Send + 'static + use<> {
        let this = self.clone();
        async move {
            while this.took() < this.most && input.recv().await?.is_some() {
                this.took.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
            Ok(())
        }
    }
}

/// Every stage that another process has, too.
pub(super) fn all() -> Vec<Box<dyn Service>> {
    vec![
        Box::new(Double),
        Box::new(Increment),
        Box::new(Odd),
        Box::new(Twice),
        Box::new(Announce),
        Box::new(NoFives),
        Box::new(Context),
        Box::new(Sums),
        Box::new(First(3)),
        Box::new(Hang),
    ]
}
