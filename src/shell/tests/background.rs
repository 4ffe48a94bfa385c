//! Blocks that run beside the others.

use std::time::Duration;

use super::{Background, Block, Ending, Fixture, Interrupt, Outcome, Readiness, Session};

const SOON: Duration = Duration::from_secs(20);

impl Fixture {
    async fn start_beside(&mut self, script: &str, ready: Option<&str>) -> Background {
        let block = Block { script: script.to_owned(), ..Block::default() };
        let variables = [("BESIDE".to_owned(), "it's so".to_owned())];
        self.bash.start_background(block, ready.map(str::to_owned), &variables).await.expect("there is a shell for it")
    }
}

async fn ready(background: &mut Background) -> Readiness {
    background.wait_until_ready(SOON, &Interrupt::new()).await
}

fn text(outcome: &Outcome) -> (String, String) {
    (outcome.stdout.text().into_owned(), outcome.stderr.text().into_owned())
}

#[tokio::test]
async fn it_begins_with_the_state_of_the_shell_and_gives_nothing_back() {
    let Some(mut shell) = Fixture::start().await else { return };
    shell.run("A=1; f() { echo \"f $A\"; }; cd \"$T\"; shopt -s nullglob; trap 'echo bye' EXIT").await;
    let mut beside =
        shell.start_beside("f; printenv BESIDE; pwd; shopt -q nullglob && echo on; A=2; cd /; echo up; sleep 600", Some("up")).await;
    assert_eq!(ready(&mut beside).await, Readiness::Ready);
    assert_eq!(shell.run("echo $A$BESIDE; cd - >/dev/null 2>&1 || true; wait; jobs; echo \"[$!]\"").await.stdout.text(), "1\n[]\n");
    let outcome = beside.stop().await.expect("it stops");
    let place = shell.scratch.display();
    assert_eq!((outcome.ending, text(&outcome)), (Ending::Stopped, (format!("f 1\nit's so\n{place}\non\nup\n"), String::new())));
    shell.bash.stop().await.expect("nothing is left");
}

#[tokio::test]
async fn what_it_prints_later_stays_out_of_other_blocks() {
    let Some(mut shell) = Fixture::start().await else { return };
    let script = "mkfifo $T/go; echo up; read x <$T/go; echo late; echo worse >&2; : >$T/said; sleep 600";
    let mut beside = shell.start_beside(script, Some("up")).await;
    assert_eq!(ready(&mut beside).await, Readiness::Ready);
    let other = shell.run("echo >$T/go; until [ -e $T/said ]; do :; done; echo mine").await;
    assert_eq!((text(&other), other.writers_left), (("mine\n".to_owned(), String::new()), false));
    let outcome = beside.stop().await.expect("it stops");
    assert_eq!(text(&outcome), ("up\nlate\n".to_owned(), "worse\n".to_owned()));
}

#[tokio::test]
async fn a_time_out_of_another_block_leaves_it_alone_and_stopping_it_takes_its_whole_tree() {
    let Some(mut shell) = Fixture::start().await else { return };
    let script = "setsid bash -c 'trap \"\" TERM HUP; echo deep; exec sleep 601' & echo up; sleep 602";
    let mut beside = shell.start_beside(script, Some("deep")).await;
    assert_eq!(ready(&mut beside).await, Readiness::Ready);
    assert_eq!(shell.run_within("sleep 603", Duration::from_millis(100)).await.ending, Ending::TimedOut);
    let running = |seconds: u32| {
        let marker = shell.scratch.display().to_string();
        super::killing::processes_with(&marker, &format!("sleep {seconds}"))
    };
    super::killing::await_running(&shell.scratch, "sleep 601", 1);
    super::killing::await_running(&shell.scratch, "sleep 602", 1);
    assert_eq!(running(603), 0);
    assert_eq!(beside.ended(), None);
    beside.stop().await.expect("it stops");
    assert_eq!((running(601), running(602)), (0, 0));
}

#[tokio::test]
async fn one_that_ends_by_itself_keeps_its_ending_and_its_failing_command() {
    let Some(mut shell) = Fixture::start().await else { return };
    let mut beside = shell.start_beside("echo a\nls /nonexistent\necho b", Some("never said")).await;
    assert_eq!(ready(&mut beside).await, Readiness::Ended);
    let outcome = beside.stop().await.expect("it has stopped");
    let stopped_at = outcome.stopped_at.as_ref().map(|failure| (failure.line, failure.command.as_str()));
    assert_eq!((outcome.ending, stopped_at), (Ending::Exited(2), Some((1, "ls /nonexistent"))));
    assert_eq!(outcome.stdout.text(), "a\n");
}

#[tokio::test]
async fn what_a_block_lets_go_of_lives_until_the_block_is_stopped() {
    let Some(mut shell) = Fixture::start().await else { return };
    let script = "mkfifo $T/go; (read x <$T/go; echo served; : >$T/served; sleep 600) & (exec >/dev/null 2>&1; sleep 604) & echo up";
    let mut beside = shell.start_beside(script, Some("up")).await;
    assert_eq!(ready(&mut beside).await, Readiness::Ready);
    shell.run("echo >$T/go; until [ -e $T/served ]; do :; done").await;
    super::killing::await_running(&shell.scratch, "sleep 604", 1);
    let outcome = beside.stop().await.expect("it stops");
    assert_eq!((outcome.ending, &*outcome.stdout.text()), (Ending::Stopped, "up\nserved\n"));
    assert_eq!(super::killing::processes_with(&shell.scratch.display().to_string(), "sleep 604"), 0);
}

#[tokio::test]
async fn one_that_keeps_silent_times_out_and_a_hundred_megabytes_are_bounded() {
    let Some(mut shell) = Fixture::start().await else { return };
    let mut beside = shell.start_beside("sleep 600", Some("up")).await;
    assert_eq!(beside.wait_until_ready(Duration::from_millis(50), &Interrupt::new()).await, Readiness::TimedOut);
    let interrupt = Interrupt::new();
    interrupt.raise();
    assert_eq!(beside.wait_until_ready(SOON, &interrupt).await, Readiness::Interrupted);
    beside.stop().await.expect("it stops");
    let mut beside = shell.start_beside("head -c 100000000 /dev/zero; echo at last; sleep 600", Some("at last")).await;
    assert_eq!(ready(&mut beside).await, Readiness::Ready);
    let outcome = beside.stop().await.expect("it stops");
    assert_eq!((outcome.stdout.total, outcome.stdout.bytes.len()), (100_000_008, 1024 * 1024));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_dropped_leaves_nothing_running() {
    let Some(mut shell) = Fixture::start().await else { return };
    let mut beside = shell.start_beside("echo up; sleep 605", Some("up")).await;
    assert_eq!(ready(&mut beside).await, Readiness::Ready);
    let scratch = shell.scratch.clone();
    drop((beside, shell));
    super::killing::await_none(&scratch);
}
