//! Going back to an earlier state: a failed attempt leaves nothing behind in the shell, and what the document has running goes on.

use super::{Fixture, Session};

/// Everything that a block can leave in the shell, shown.
const REPORT: &str = r#"echo "${A-unset} ${B-unset} ${L[*]} $# $1 $PWD $(umask) ${m[k]-none} $IFS"; declare -p N R 2>/dev/null; type f g 2>/dev/null | head -9
shopt extglob nullglob || true; echo $-; trap -p USR1 DEBUG EXIT; alias; bash -c 'echo child ${B-unset} ${X-unset}'"#;

const BEFORE: &str = r#"A=1; export X=kept; L=(a 'b c'); declare -i N=4; f() { echo f1; }; trap 'echo usr' USR1; shopt -s nullglob; set -- p q
shopt -s expand_aliases; alias k=true; declare -A m=([k]=v); declare -n R=A; export B=2; sleep 600 & JOB=$!"#;

const ATTEMPT: &str = r#"A=2; unset B; L=scalar; declare +i N; N=text; X=lost; f() { echo f2; }; g() { :; }; alias k=false l=ls; set -- z
trap 'echo other' USR1; trap 'X=debug' DEBUG; shopt -u nullglob; set -fu; cd /; umask 077; NEW=1; m[k]=w; unset -n R; IFS=:; readonly_later=1
trap 'echo gone' EXIT; false"#;

async fn check(attempt: &str, keeps_the_shell: bool) {
    let Some(mut shell) = Fixture::start().await else { return };
    shell.run(BEFORE).await;
    let before = shell.run(REPORT).await;
    let process = shell.run("echo $$").await.stdout.text().into_owned();
    let mark = shell.bash.mark();
    shell.run(attempt).await;
    shell.bash.go_back(&mark).await.expect("the helper is there");
    assert_eq!(shell.run(REPORT).await.stdout.text(), before.stdout.text(), "after {attempt:?}");
    assert_eq!(shell.run("kill -0 $JOB && echo \"${NEW-none}\"").await.stdout.text(), "none\n", "after {attempt:?}");
    let is_same = shell.run("echo $$").await.stdout.text() == process;
    assert_eq!(is_same, keeps_the_shell, "after {attempt:?}");
    assert_eq!(shell.run("false; echo no").await.stdout.text(), "");
    shell.bash.stop().await.expect("nothing is left");
}

#[tokio::test]
async fn what_an_attempt_changed_is_as_before_and_its_shell_goes_on() {
    check(ATTEMPT, true).await;
    check("set -e; trap 'echo mine' ERR; A=; false", true).await;
    check("", true).await;
}

#[tokio::test]
async fn what_cannot_be_undone_in_a_shell_is_undone_by_a_new_one() {
    check("readonly A=2; f() { :; }; readonly -f f; false", false).await;
    check("A=2; exit 3", false).await;
    check("A=2; kill -KILL $$", false).await;
}

#[tokio::test]
async fn a_shell_that_does_not_answer_is_replaced() {
    let Some(mut shell) = Fixture::start().await else { return };
    shell.run("A=1").await;
    let mark = shell.bash.mark();
    shell.run("A=2; trap '' DEBUG; exec 255<&-").await;
    shell.bash.go_back(&mark).await.expect("the helper is there");
    assert_eq!(shell.run("echo $A").await.stdout.text(), "1\n");
}

#[tokio::test]
async fn the_exit_trap_of_a_document_is_that_of_the_state() {
    let Some(mut shell) = Fixture::start().await else { return };
    shell.run("trap 'echo bye' EXIT").await;
    let mark = shell.bash.mark();
    assert_eq!(shell.run("exit 4").await.stdout.text(), "bye\n");
    shell.bash.go_back(&mark).await.expect("the helper is there");
    assert_eq!(shell.run("trap - EXIT; exit 4").await.stdout.text(), "");
    shell.bash.go_back(&mark).await.expect("the helper is there");
    let farewell = shell.bash.stop().await.expect("nothing is left");
    assert_eq!(farewell.exit_trap.map(|trap| trap.stdout.text().into_owned()).as_deref(), Some("bye\n"));
}
