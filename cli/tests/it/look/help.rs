//! Help, manual pages and completions of every command, so that none is forgotten.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Ran, pipewright, run};

async fn pipe(arguments: &[&str]) -> Ran {
    run(pipewright("ws://127.0.0.1:1", arguments), b"").await
}

/// The commands listed by a help text, except `help` itself.
fn listed(help: &str) -> Vec<String> {
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    commands
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .filter(|command| command != "help")
        .collect()
}

/// Every command with its parents, starting with the program itself, and its help.
async fn commands() -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    let mut pending = vec![Vec::<String>::new()];
    while let Some(command) = pending.pop() {
        let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = pipe(&arguments).await.succeeded().text().to_owned();
        for below in listed(&help) {
            pending.push([command.clone(), vec![below]].concat());
        }
        found.push((command, help));
    }
    found
}

#[tokio::test]
async fn every_command_says_what_it_does_and_shows_an_example() {
    let commands = commands().await;
    let names: Vec<_> = commands.iter().map(|(name, _)| name.join(" ")).collect();
    for wanted in ["", "channel read", "engine", "stages", "top"] {
        assert!(
            names.iter().any(|name| name == wanted),
            "{wanted}: {names:?}"
        );
    }
    for (command, help) in &commands {
        let name = command.join(" ");
        let first = help.lines().next().unwrap();
        assert!(
            first.len() > 10 && !first.starts_with("Usage"),
            "{name}: {first}"
        );
        let examples = help.split_once("\nExamples:\n");
        let (_, examples) = examples.unwrap_or_else(|| panic!("{name} has no example"));
        let example = examples.lines().take_while(|line| line.starts_with("  "));
        let called = format!("pipewright {name}");
        let shown = example.clone().any(|line| line.contains(called.trim_end()));
        assert!(shown, "{name}: {examples}");
        assert!(
            help.lines().all(|line| line.len() <= 100),
            "{name} is too wide:\n{help}"
        );
    }
    let (_, help) = commands.iter().find(|(name, _)| name.is_empty()).unwrap();
    for status in [
        "  0 ", "  1 ", "  2 ", "  3 ", "  4 ", "  5 ", "  130", "  141",
    ] {
        assert!(help.contains(&format!("\n{status}")), "{status}: {help}");
    }
}

#[tokio::test]
async fn help_shows_no_secret_of_the_environment() {
    let url = "ws://127.0.0.1:1/?token=s3cret";
    let ran = run(pipewright(url, &["stages", "--help"]), b"")
        .await
        .succeeded();
    assert!(ran.text().contains("PIPEWRIGHT_ENGINE_URL"));
    assert!(!ran.text().contains("s3cret"), "{}", ran.text());
}

#[tokio::test]
async fn every_command_has_its_manual_page() {
    let directory = tempfile::tempdir().unwrap();
    let pages = directory.path().join("man/man1");
    pipe(&["man", pages.to_str().unwrap()]).await.succeeded();
    let file = |command: &[String]| {
        let names = std::iter::once("pipewright").chain(command.iter().map(String::as_str));
        format!("{}.1", names.collect::<Vec<_>>().join("-"))
    };
    let commands = commands().await;
    let expected: BTreeSet<_> = commands.iter().map(|(command, _)| file(command)).collect();
    let written = |path: &Path| -> BTreeSet<String> {
        let entries = std::fs::read_dir(path).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    assert_eq!(written(&pages), expected);
    for name in expected {
        let page = std::fs::read_to_string(pages.join(&name)).unwrap();
        for wanted in [".TH ", ".SH NAME", ".SH SYNOPSIS", ".SH EXAMPLES\n.nf\n"] {
            assert!(page.contains(wanted), "{name}: {wanted}: {page}");
        }
    }
    let page = std::fs::read_to_string(pages.join("pipewright-channel-read.1")).unwrap();
    assert!(
        page.contains("\npipewright channel read @refs > copy.bin\n"),
        "{page}"
    );
    let file = pages.join("pipewright.1/no");
    let ran = pipe(&["man", file.to_str().unwrap()]).await;
    ran.failed(1, "cannot write to ", "name a directory");
}

/// `docs/reference/generate PROGRAM > docs/reference/program.md` brings it up to date.
#[cfg(unix)]
#[tokio::test]
async fn the_reference_of_the_program_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut generate = tokio::process::Command::new(root.join("docs/reference/generate"));
    generate.arg(env!("CARGO_BIN_EXE_pipewright"));
    let generated = run(generate, b"").await.succeeded();
    let kept = std::fs::read_to_string(root.join("docs/reference/program.md")).unwrap();
    assert!(generated.text() == kept, "docs/reference/program.md is old");
}

#[tokio::test]
async fn every_shell_gets_its_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = pipe(&["completions", shell]).await.succeeded();
        for command in ["stages", "channels", "trigger"] {
            assert!(ran.text().contains(command), "{shell}: {command}");
        }
    }
    let ran = pipe(&["completions", "tcl"]).await;
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("possible values: bash"), "{ran:?}");
}

/// The shell accepts the script and completes with it.
#[cfg(unix)]
#[tokio::test]
async fn bash_completes_a_command() {
    let script = "eval \"$(pipewright completions bash)\"
                  COMP_WORDS=(pipewright channel cr) COMP_CWORD=2
                  _pipewright pipewright cr channel
                  echo \"${COMPREPLY[@]}\"";
    let directory = tempfile::tempdir().unwrap();
    let script = format!("bash -c '{script}'");
    let ran = run(
        super::shell("ws://127.0.0.1:1", directory.path(), &script),
        b"",
    )
    .await;
    assert_eq!(ran.succeeded().text(), "create\n");
}
