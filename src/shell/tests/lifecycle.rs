//! Starting, stopping, and what the shell's variables look like from outside.

use std::path::Path;

use super::*;

#[tokio::test]
async fn variables_are_those_after_the_last_block() {
    let Some(mut shell) = Fixture::start().await else { return };
    assert!(shell.bash.variables()["PATH"].exported);
    shell.run("export A='x y' E=; B=$'1\\n2'; declare -x U; L=(1 2 3)").await;
    let variables = shell.bash.variables();
    let variable = |name: &str| {
        let variable = &variables[name];
        (variable.value.as_deref(), variable.exported, variable.shape)
    };
    assert_eq!(variable("A"), (Some("x y"), true, Shape::Scalar));
    assert_eq!(variable("E"), (Some(""), true, Shape::Scalar));
    assert_eq!(variable("B"), (Some("1\n2"), false, Shape::Scalar));
    assert_eq!(variable("U"), (None, true, Shape::Scalar));
    assert_eq!(variable("L"), (Some("1"), false, Shape::Array(3)));
    assert!(!variables.keys().any(|name| name.starts_with("__docent")));
    shell.run("unset A; exit 0").await;
    assert!(!shell.bash.variables().contains_key("A"));
}

#[tokio::test]
async fn the_same_seed_draws_the_same_numbers() {
    let mut drawn = Vec::new();
    for seed in [7, 7, 8] {
        let Some(mut shell) = Fixture::start_with(|launch| launch.seed = Some(seed)).await else { return };
        shell.run("A=$RANDOM").await;
        drawn.push(shell.run("echo $A $RANDOM $RANDOM").await.stdout);
    }
    assert_eq!(drawn[0], drawn[1]);
    assert_ne!(drawn[0], drawn[2]);
}

#[tokio::test]
async fn blocks_start_in_the_work_directory_of_the_run() {
    let Some(mut shell) = Fixture::start().await else { return };
    let work = shell.scratch.with_file_name("work");
    assert_eq!(shell.run("pwd").await.stdout.text().trim_end(), work.to_string_lossy());
}

#[tokio::test]
async fn stopping_runs_the_document_s_exit_trap_once_and_removes_the_control_directory() {
    let Some(mut shell) = Fixture::start().await else { return };
    shell.run("trap 'echo bye; A=2' EXIT").await;
    assert!(shell.control.exists());
    let farewell = shell.bash.stop().await.unwrap().exit_trap.expect("there is an EXIT trap");
    assert_eq!(farewell.stdout.text(), "bye\n");
    let control = shell.control.clone();
    drop(shell);
    assert!(!control.exists());

    let Some(mut shell) = Fixture::start().await else { return };
    shell.run("echo no trap").await;
    assert_eq!(shell.bash.stop().await.unwrap(), Farewell::default());
}

#[tokio::test]
async fn without_bash_the_error_names_the_path() {
    let directory = tempfile::tempdir().unwrap();
    let Some(mut launch) = launch(directory.path()) else { return };
    launch.bash = "/nonexistent/bash".into();
    let error = Bash::start(launch).await.unwrap_err();
    assert!(matches!(&error, ShellError::BashMissing { path, .. } if path == Path::new("/nonexistent/bash")), "{error}");
}

#[tokio::test]
async fn another_shell_is_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let Some(mut launch) = launch(directory.path()) else { return };
    let script = directory.path().join("other-shell");
    // A shell that knows no BASH_VERSION, whatever `sh` is here. It is given `--noprofile --norc SCRIPT`.
    std::fs::write(&script, "#!/bin/sh\nunset BASH_VERSION\n. \"$3\"\n").unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    launch.bash = script;
    let error = Bash::start(launch).await.unwrap_err();
    assert!(matches!(error, ShellError::NotBash { .. }), "{error}");
}

#[tokio::test]
async fn an_old_bash_is_refused_by_its_version() {
    let directory = tempfile::tempdir().unwrap();
    let Some(mut launch) = launch(directory.path()) else { return };
    let script = directory.path().join("old-bash");
    let report =
        "printf '%s\\0' \"$(sed -n 's/^__docent_d=.*__docent_n=\\([0-9a-f]*\\) .*/\\1/p' \"${3%/*}/i\")\" H 4 3 '4.3.48(1)-release'";
    std::fs::write(&script, format!("#!/bin/sh\n{report} >>\"${{3%/*}}/c\"\nread x <\"$3\"\nsleep 60\n")).unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    launch.bash = script;
    let error = Bash::start(launch).await.unwrap_err();
    assert_eq!(error.to_string(), "bash 4.3.48(1)-release is too old: 4.4 or newer is needed");
}

#[tokio::test]
async fn a_program_that_is_no_helper_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let Some(mut launch) = launch(directory.path()) else { return };
    launch.helper = Helper::program("/bin/true");
    assert!(matches!(Bash::start(launch).await.unwrap_err(), ShellError::HelperSilent { .. }));
}

#[tokio::test]
async fn descriptors_of_whoever_started_docent_do_not_reach_a_block() {
    // As if this program had been started with one more descriptor: one that programs it starts keep.
    let inherited = std::fs::File::open("/dev/null").unwrap();
    rustix::io::fcntl_setfd(&inherited, rustix::io::FdFlags::empty()).unwrap();
    let Some(mut shell) = Fixture::start().await else { return };
    // 3 is `ls` itself, reading the directory.
    assert_eq!(shell.run("ls /proc/self/fd | tr '\\n' ' '").await.stdout.text(), "0 1 2 3 ");
    shell.run("kill -9 $$").await;
    assert_eq!(shell.run("ls /proc/self/fd | tr '\\n' ' '").await.stdout.text(), "0 1 2 3 ");
}

#[tokio::test]
async fn a_directory_with_blanks_and_quotes_is_no_trouble() {
    let outer = tempfile::tempdir().unwrap();
    let directory = outer.path().join("it's a $HOME `x`");
    let Some(launch) = launch(&directory) else { return };
    let mut bash = Bash::start(launch).await.unwrap();
    let outcome = bash.run(Block { script: "pwd; false".into(), timeout: Duration::from_secs(5), ..Block::default() }).await.unwrap();
    assert_eq!(outcome.stdout.text().trim_end(), directory.join("work").to_string_lossy());
    bash.run(Block { script: "exit".into(), timeout: Duration::from_secs(5), ..Block::default() }).await.unwrap();
    let outcome = bash.run(Block { script: "pwd".into(), timeout: Duration::from_secs(5), ..Block::default() }).await.unwrap();
    assert_eq!(outcome.stdout.text().trim_end(), directory.join("work").to_string_lossy());
}
