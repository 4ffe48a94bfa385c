//! Output: bounded, counted, complete, and each block's own.

use std::time::{Duration, Instant};

use super::{Block, Ending, Fixture, LateOutput, Session};

#[tokio::test]
async fn a_hundred_megabytes_are_counted_and_the_first_are_kept() {
    let Some(mut shell) = Fixture::start().await else { return };
    let outcome = shell.run("head -c 100000000 /dev/zero; echo end >&2").await;
    assert_eq!((outcome.stdout.total, outcome.stdout.bytes.len()), (100_000_000, 1024 * 1024));
    assert!(outcome.stdout.is_truncated() && !outcome.stderr.is_truncated());
    assert_eq!(outcome.stderr.text(), "end\n");
    assert_eq!(shell.run("echo ok").await.stdout.text(), "ok\n");
}

#[tokio::test]
async fn one_long_line_on_standard_error_is_bounded_likewise() {
    let Some(mut shell) = Fixture::start_with(|launch| launch.output_bytes_max = 1000).await else { return };
    let outcome = shell.run("head -c 100000000 /dev/zero | tr '\\0' x >&2; echo ok").await;
    assert_eq!((outcome.stderr.total, outcome.stderr.bytes.len()), (100_000_000, 1000));
    assert_eq!(outcome.stdout.text(), "ok\n");
}

#[tokio::test]
async fn what_background_jobs_write_later_belongs_to_their_own_block() {
    let Some(mut shell) = Fixture::start().await else { return };
    let first = shell.run("mkfifo $T/go; (read x <$T/go; echo LATE) & echo started").await;
    assert_eq!((&*first.stdout.text(), first.writers_left), ("started\n", true));
    let second = shell.run("echo >$T/go; wait; echo second").await;
    assert_eq!((&*second.stdout.text(), second.writers_left), ("second\n", false));
    let started = Instant::now();
    while shell.bash.late_output().is_empty() && started.elapsed() < Duration::from_secs(10) {
        // The reader of late output is a task of its own.
        tokio::task::yield_now().await;
    }
    assert_eq!(shell.bash.late_output(), [LateOutput { block: 1, bytes: 5 }]);
}

#[tokio::test]
async fn process_substitutions_get_a_moment_to_write() {
    let Some(mut shell) = Fixture::start().await else { return };
    let outcome = shell.run("echo a > >(sleep .01; cat); echo b").await;
    let text = outcome.stdout.text().into_owned();
    assert!(text.contains("a\n") && text.contains("b\n") && !outcome.writers_left, "{text:?}");
    assert_eq!(shell.run("exec > >(tee /dev/null); echo c").await.stdout.text(), "c\n");
    assert!(shell.run("sleep 5 & echo d").await.writers_left);
}

#[tokio::test]
async fn standard_streams_can_be_opened_by_name() {
    let Some(mut shell) = Fixture::start().await else { return };
    let outcome = shell.run("echo a >/dev/stdout; echo b | tee /dev/stderr; echo c >>/proc/self/fd/1").await;
    assert_eq!((&*outcome.stdout.text(), &*outcome.stderr.text()), ("a\nb\nc\n", "b\n"));
}

#[tokio::test]
async fn a_thousand_blocks_print_what_they_should() {
    let Some(mut shell) = Fixture::start().await else { return };
    for number in 0..1000 {
        let outcome = shell.run(&format!("echo {number}")).await;
        assert_eq!((outcome.ending, outcome.stdout.text()), (Ending::Exited(0), format!("{number}\n").into()));
    }
}

#[tokio::test]
async fn output_before_a_sudden_end_is_kept() {
    let Some(mut shell) = Fixture::start().await else { return };
    let outcome = shell.run("head -c 60000 /dev/zero; echo e >&2; kill -9 $$").await;
    assert_eq!((outcome.stdout.total, &*outcome.stderr.text(), outcome.ending), (60_000, "e\n", Ending::Signaled(9)));
}

#[tokio::test]
async fn a_block_reads_its_input_and_leaves_none_to_the_next() {
    let Some(mut shell) = Fixture::start().await else { return };
    let block = |script: &str, stdin: &str| Block {
        script: script.to_owned(),
        timeout: Duration::from_secs(20),
        stdin: stdin.as_bytes().to_vec(),
        ..Block::default()
    };
    let outcome = shell.bash.run(block("read a; echo \"[$a]\"; head -1", "y\nit's two\nthree\n")).await.unwrap();
    assert_eq!(outcome.stdout.text(), "[y]\nit's two\n");
    assert_eq!(shell.run("cat; read x || echo nothing").await.stdout.text(), "nothing\n");
    let outcome = shell.bash.run(block("cat; exit 3", "kept\n")).await.unwrap();
    assert_eq!((outcome.ending, &*outcome.stdout.text()), (Ending::Exited(3), "kept\n"));
    assert!(std::fs::read_dir(&shell.control).unwrap().flatten().all(|file| !file.file_name().to_string_lossy().starts_with('n')));
}
