use pipewright::Worker;
use serde_json::{Value, json};

use super::Scratch;
use crate::program::Program;
use crate::run::Stages;

/// The output of `check --offline` for a file that cannot be run.
async fn mistakes(pipeline: &str) -> String {
    let output = Scratch::new(pipeline).command("check", "--offline").await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(output.stdout, "");
    output.stderr
}

#[tokio::test]
async fn misspelt_word_is_shown_with_a_suggestion() {
    let said = mistakes("format = \"lins\"\n\n[[steps]]\nstage = \"a\"\n").await;
    let expected = "\
error: unknown variant `lins`, expected one of `bytes`, `ndjson`, `lines`
 --> pipeline.toml:1:10
  |
1 | format = \"lins\"
  |          ^^^^^^
  |
  = hint: did you mean `lines`?

error: pipeline.toml has a mistake
";
    assert_eq!(said, expected);

    let said = mistakes("[[steps]]\nstage = \"a\"\nparam = { n = 1 }\n").await;
    for part in [
        "unknown field `param`",
        " --> pipeline.toml:3:1\n",
        "3 | param = { n = 1 }\n  | ^^^^^\n",
        "= hint: did you mean `params`?",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[tokio::test]
async fn every_mistake_is_shown_at_its_place() {
    let said = mistakes(
        r#"deadline = "soon"

[[steps]]
stage = "a"
copies = 4
steps = []

[[steps]]
params = { n = 1 }

[[steps]]
stage = "a"
tee = "b"

[[steps]]
stage = "b"
writes = "ndjson"
copies = 0

[[steps]]
partition = { by = "user.id", into = 0 }
steps = [{ stage = "c", ordered = true }]

[[steps]]
broadcast = [[{ stage = "a", writes = "bytes" }], [{ stage = "b", writes = "lines" }]]
"#,
    )
    .await;
    for (place, message) in [
        ("1:12", "this is no time: expected number at 0"),
        (
            "5:10",
            "`copies` needs items, and what comes in here is bytes",
        ),
        ("6:9", "`steps` does not belong to a `stage`"),
        (
            "8:1",
            "a step has one of `stage`, `command`, `tee`, `broadcast` and `partition`",
        ),
        ("13:7", "a step is a `stage` or a `tee`, not both"),
        ("18:10", "a stage runs in one copy at the least"),
        ("21:20", "this is no JSON pointer"),
        ("21:38", "a partition needs at least one branch"),
        (
            "22:35",
            "one copy is always in order; `ordered` is for `copies`",
        ),
        ("25:15", "a branch must not end in bytes"),
        (
            "25:52",
            "this branch outputs lines, but the first branch outputs bytes",
        ),
    ] {
        let at = said
            .find(message)
            .unwrap_or_else(|| panic!("{message}: {said}"));
        let shown = said[at..].lines().nth(1).unwrap().trim_start();
        assert_eq!(shown, format!("--> pipeline.toml:{place}"), "{message}");
    }
    assert!(said.contains("= hint: write `/user/id`"), "{said}");
    assert!(
        said.ends_with("error: pipeline.toml has 11 mistakes\n"),
        "{said}"
    );
}

#[tokio::test]
async fn what_is_no_toml_or_not_there_is_told() {
    let said = mistakes("steps = [\n  { stage = \"a\" },\n").await;
    assert!(said.contains("unclosed array"), "{said}");
    let said = mistakes("format = \"lines\"\n").await;
    assert!(said.contains("missing field `steps`"), "{said}");
    let said = mistakes("steps = []\n").await;
    assert!(
        said.contains("a pipeline has a step at the least"),
        "{said}"
    );
    let output = Program::pipewright(&["check", "no/such/file"])
        .output()
        .await;
    assert_eq!(output.status.code(), Some(2));
    assert!(
        output
            .stderr
            .starts_with("error: cannot read no/such/file: "),
        "{output:?}"
    );
}

#[tokio::test]
async fn the_pipeline_in_docs_is_good() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/pipeline.toml");
    let output = Program::pipewright(&["check", "--offline", path])
        .output()
        .await;
    assert!(output.status.success(), "{output:?}");
    assert!(
        output
            .stderr
            .ends_with("pipeline.toml: valid, with 6 stages\n"),
        "{output:?}"
    );
}

#[tokio::test]
async fn stages_are_looked_up_at_the_engine() {
    let stages = Stages::new().await;
    let url = format!("--url {}", stages.url);
    let good = Scratch::new("[[steps]]\nstage = \"bytes::copy\"\n");
    let output = good.command("check", &url).await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        output.stderr,
        "pipeline.toml: valid, with 1 stage that the engine has\n"
    );

    let bad =
        Scratch::new("[[steps]]\nstage = \"bytes::cpoy\"\n\n[[steps]]\nstage = \"bytes::gzpi\"\n");
    let output = bad.command("check", &url).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    for part in [
        "error: no worker has the stage `bytes::cpoy`\n --> pipeline.toml:2:9\n",
        "= hint: did you mean `bytes::copy`?",
        "error: no worker has the stage `bytes::gzpi`\n --> pipeline.toml:5:9\n",
        "= hint: did you mean `bytes::gzip`?",
        "error: pipeline.toml has 2 mistakes",
    ] {
        assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
    }
    let output = bad.command("check", "--offline").await;
    assert!(output.status.success(), "{output:?}");
}

/// Registers a function as the packages in Python and TypeScript register a stage.
fn register_foreign(worker: &Worker, id: &str, item: &Value) {
    let schema = json!({"type": "object", "x-pipewright-item": item});
    let stream = json!({"format": "ndjson", "item": "Item"});
    let metadata = json!({"pipewright": 1, "kind": "stage", "input": stream, "output": stream});
    let function = worker.function(id).metadata(&metadata);
    let function = function.request_format(&schema).response_format(&schema);
    function.register(async |_: Value| Value::Null).unwrap();
}

#[tokio::test]
async fn item_types_of_neighbours_are_compared() {
    let stages = Stages::new().await;
    let worker = Worker::connect(stages.url.as_str()).await.unwrap();
    register_foreign(&worker, "py::text", &json!({"type": "string"}));
    register_foreign(&worker, "py::number", &json!({"type": "integer"}));
    worker.registered().await.unwrap();
    let check = async |writer: &str, reader: &str| {
        let file = format!("[[steps]]\nstage = \"{writer}\"\n\n[[steps]]\nstage = \"{reader}\"\n");
        let arguments = format!("--url {} --online", stages.url);
        Scratch::new(&file).command("check", &arguments).await
    };
    for (writer, reader) in [("text::upper", "py::text"), ("py::text", "text::upper")] {
        let output = check(writer, reader).await;
        assert!(output.status.success(), "{output:?}");
    }
    for (writer, reader, reason) in [
        (
            "text::upper",
            "py::number",
            "the item is string, and integer is expected",
        ),
        (
            "py::number",
            "text::upper",
            "the item is integer, and string is expected",
        ),
    ] {
        let output = check(writer, reader).await;
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = format!(
            "error: `{reader}` cannot read the items of `{writer}`: {reason}\n --> pipeline.toml:5:9\n"
        );
        assert!(output.stderr.contains(&said), "{output:?}");
    }
}

#[tokio::test]
async fn without_an_engine_it_says_what_was_not_looked_up() {
    let (mut engine, url) = Program::engine().await;
    engine.kill().await;
    let good = Scratch::new("[[steps]]\nstage = \"bytes::copy\"\n");
    let output = good.command("check", &format!("--url {url}")).await;
    assert!(output.status.success(), "{output:?}");
    assert!(
        output.stderr.contains("note: no engine was found"),
        "{output:?}"
    );
    let output = good
        .command("check", &format!("--url {url} --online"))
        .await;
    assert_eq!(output.status.code(), Some(3), "{output:?}");
}

#[tokio::test]
async fn the_schema_is_printed() {
    let output = Program::pipewright(&["check", "--schema"]).success().await;
    let schema: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(
        schema["properties"]["steps"]["items"]["$ref"],
        "#/$defs/StepEntry"
    );
}

#[tokio::test]
async fn values_outside_json_are_reported_with_their_position() {
    let said = mistakes(
        "[[steps]]\nstage = \"a\"\nparams = { since = 2024-01-01, list = [nan], to = -inf }\n",
    )
    .await;
    for part in [
        "a date or time is not a JSON value",
        " --> pipeline.toml:3:20\n",
        " --> pipeline.toml:3:40\n",
        " --> pipeline.toml:3:51\n",
        "pipeline.toml has 3 mistakes",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}
