//! The persistent shell against a real bash.

use std::time::Duration;

use super::*;

#[tokio::test]
async fn state_carries_over_and_a_failing_command_stops_its_block() {
    let directory = tempfile::tempdir().unwrap();
    let mut launch = Launch::new(Helper::this_program().unwrap(), "/bin/bash", directory.path());
    launch.environment.insert("PATH".into(), "/usr/bin:/bin".into());
    let mut bash = Bash::start(launch).await.unwrap();
    let block = |script: &str| Block { script: script.to_owned(), timeout: Duration::from_secs(5) };
    let stopped = bash.run(block("A=1\nfalse\necho no")).await.unwrap();
    assert_eq!((stopped.ending, stopped.stopped_at.unwrap().line), (Ending::Exited(1), 1));
    assert_eq!(bash.run(block("echo $A")).await.unwrap().stdout.text(), "1\n");
    bash.stop().await.unwrap();
}
