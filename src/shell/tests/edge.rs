//! What must survive, and what must not disturb, from one block to the next. Source of the expectations: what bash 5.2 does with the
//! blocks as one script, and where a script would end, the state at its end.

use std::time::Duration;

use super::{check, check_within};

#[tokio::test]
async fn exit_keeps_the_variables_of_the_block_and_of_those_before() {
    check(&[("A=1; export B=2", "rc=0 out=\"\""), ("C=3; exit 3", "rc=3 DIED out=\"\""), ("echo [$A$B$C]", "rc=0 out=\"[123]\\n\"")]).await;
}

#[tokio::test]
async fn a_document_s_own_set_e_stops_its_block_and_stays_on() {
    check(&[
        ("set -e; A=1", "rc=0 out=\"\""),
        ("B=2; false; echo no", "rc=1 out=\"\""),
        ("echo [$A$B] $-", "rc=0 out=\"[12] ehBE\\n\""),
        ("set +e; false; echo on", "rc=0 out=\"on\\n\""),
        ("false; echo on $-", "rc=0 out=\"on hBE\\n\""),
        ("set -e", "rc=0 out=\"\""),
        ("false; echo no", "rc=1 out=\"\""),
    ])
    .await;
}

#[tokio::test]
async fn set_u_ends_the_shell_and_stays_on_and_pipefail_carries() {
    check(&[
        ("set -u -o pipefail; set +e", "rc=0 out=\"\""),
        ("false|true; echo $?; echo $NOPE", "rc=1 DIED out=\"1\\n\" err=\"$CTL/b2: line 1: NOPE: unbound variable\\n\""),
        ("echo alive $-", "rc=0 out=\"alive huBE\\n\""),
    ])
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_fails_with_status_2_and_swallows_nothing() {
    check(&[
        ("A=1", "rc=0 out=\"\""),
        ("echo pre; if then", "rc=2 DIED out=\"\" err=\"$CTL/b2: line 1: syntax error near unexpected token `then'\\n\""),
        ("echo [$A]", "rc=0 out=\"[1]\\n\""),
        ("echo 'abc", "rc=2 DIED out=\"\" err=\"$CTL/b4: line 1: unexpected EOF while looking for matching `''\\n\""),
        ("echo [$A]", "rc=0 out=\"[1]\\n\""),
        ("echo x \\", "rc=0 out=\"x \\\\\\n\""),
        ("echo [$A]", "rc=0 out=\"[1]\\n\""),
    ])
    .await;
}

#[tokio::test]
async fn exec_replaces_the_shell_and_the_state_before_it_comes_back() {
    check(&[("A=1", "rc=0 out=\"\""), ("exec echo replaced", "rc=0 DIED out=\"replaced\\n\""), ("echo [$A]", "rc=0 out=\"[1]\\n\"")]).await;
}

#[tokio::test]
async fn descriptors_carry_and_a_redirection_of_the_whole_block_ends_with_it() {
    check(&[
        ("exec 7>$T/fd7; exec >$T/x; echo in", "rc=0 out=\"\""),
        ("echo out; echo k >&7", "rc=0 out=\"out\\n\""),
        ("cat $T/fd7 $T/x", "rc=0 out=\"k\\nin\\n\""),
    ])
    .await;
}

#[tokio::test]
async fn standard_input_is_empty_and_cannot_eat_the_driver() {
    check(&[("read x || echo rc=$?", "rc=0 out=\"rc=1\\n\""), ("cat; echo ok", "rc=0 out=\"ok\\n\"")]).await;
}

#[tokio::test]
async fn a_background_job_can_be_waited_for_in_a_later_block() {
    check(&[
        ("sleep 0.2 & P=$!", "rc=0 out=\"\""),
        ("wait $P; echo rc=$?", "rc=0 out=\"rc=0\\n\""),
        ("jobs; echo done", "rc=0 out=\"done\\n\""),
    ])
    .await;
}

#[tokio::test]
async fn an_exit_trap_fires_once_when_the_shell_exits() {
    check(&[
        ("trap 'echo BYE >$T/bye.$BASHPID; echo bye' EXIT; A=1", "rc=0 out=\"\""),
        ("echo mid; trap -p EXIT", "rc=0 out=\"mid\\ntrap -- 'echo BYE >$T/bye.$BASHPID; echo bye' EXIT\\n\""),
        ("exit 4", "rc=4 DIED out=\"bye\\n\""),
        ("echo [$A] $(ls $T | wc -l)", "rc=0 out=\"[1] 1\\n\""),
        ("exit 5", "rc=5 DIED out=\"\""),
    ])
    .await;
}

#[tokio::test]
async fn signal_traps_and_readonly_variables_carry() {
    check(&[
        ("trap 'echo got' USR1", "rc=0 out=\"\""),
        ("kill -USR1 $BASHPID; echo x", "rc=0 out=\"got\\nx\\n\""),
        ("readonly R=5; declare -ar L=(1 2); set +e", "rc=0 out=\"\""),
        ("echo $R ${L[1]}; R=6; echo after", "rc=1 out=\"5 2\\n\" err=\"$CTL/b4: line 1: R: readonly variable\\n\""),
        ("echo $R; exit 0", "rc=0 DIED out=\"5\\n\""),
        ("kill -USR1 $BASHPID; echo $R ${L[1]}; R=6", "rc=1 out=\"got\\n5 2\\n\" err=\"$CTL/b6: line 1: R: readonly variable\\n\""),
    ])
    .await;
}

#[tokio::test]
async fn every_kind_of_variable_comes_back_from_a_checkpoint() {
    let report = "echo ${#m[@]} \"${m[a]}\" ${r[b]} $n ${#a[@]}; printf '%q ' \"${a[@]}\"; printf %s \"$V\" | od -An -tx1";
    let shown = "rc=0 out=\"2 1\\n2 x 5 2\\n$'q\\\\n\\\"' \\\\$x  ff fe\\n\"";
    check(&[
        ("declare -A m=([a]=$'1\\n2' [b]=x); declare -n r=m; declare -i n=4; a=($'q\\n\"' '$x'); V=$'\\xff\\xfe'; n+=1", "rc=0 out=\"\""),
        (report, shown),
        ("exit 0", "rc=0 DIED out=\"\""),
        (report, shown),
    ])
    .await;
}

#[tokio::test]
async fn the_environment_comes_back_as_it_was_left() {
    check(&[
        ("unset T; export -n PATH; X=1; export Y=2", "rc=0 out=\"\""),
        ("kill -9 $$", "sig=9 DIED out=\"\""),
        ("echo [${T-unset}] $X; /usr/bin/env | /bin/grep -E '^(T|PATH|X|Y)='", "rc=0 out=\"[unset] 1\\nY=2\\n\""),
    ])
    .await;
}

#[tokio::test]
async fn nul_bytes_are_dropped_from_a_block_and_kept_in_its_output() {
    check(&[
        ("printf 'a\\0b\\n'", "rc=0 out=\"a\\0b\\n\""),
        ("echo a\0b; echo c", "rc=0 out=\"ab\\nc\\n\""),
        ("echo d", "rc=0 out=\"d\\n\""),
    ])
    .await;
}

#[tokio::test]
async fn a_deleted_working_directory_harms_nobody() {
    check(&[
        ("mkdir -p $T/dd; cd $T/dd; rmdir ../dd; A=1", "rc=0 out=\"\""),
        ("echo [$A] $PWD; echo t; ls . | wc -l", "rc=0 out=\"[1] $T/dd\\nt\\n0\\n\""),
        ("exit 0", "rc=0 DIED out=\"\""),
        ("echo [$A]; cd /; echo ok", "rc=0 out=\"[1]\\nok\\n\""),
    ])
    .await;
}

#[tokio::test]
async fn a_killed_shell_comes_back_as_it_was_before_the_block() {
    check(&[("A=1", "rc=0 out=\"\""), ("B=2; kill -9 $$; echo no", "sig=9 DIED out=\"\""), ("echo [$A$B]", "rc=0 out=\"[1]\\n\"")]).await;
}

#[tokio::test]
async fn there_is_no_terminal() {
    check(&[
        ("tty || echo rc=$?", "rc=0 out=\"not a tty\\nrc=1\\n\""),
        ("(: </dev/tty) 2>&1", "rc=1 out=\"$CTL/b2: line 1: /dev/tty: No such device or address\\n\""),
    ])
    .await;
}

#[tokio::test]
async fn carriage_returns_are_left_to_whoever_reads_the_document() {
    check(&[
        ("A=1\r\necho hi\r\n", "rc=0 out=\"hi\\r\\n\""),
        ("echo \"[$A]\" | od -c | head -1", "rc=0 out=\"0000000   [   1  \\\\r   ]  \\\\n\\n\""),
    ])
    .await;
}

#[tokio::test]
async fn exclamation_marks_and_aliases_are_as_in_a_script() {
    check(&[
        ("echo \"Hello!\" wow!! !x", "rc=0 out=\"Hello! wow!! !x\\n\""),
        ("alias ll='echo LL'", "rc=0 out=\"\""),
        ("ll x", "rc=127 out=\"\" err=\"$CTL/b3: line 1: ll: command not found\\n\""),
        ("shopt -s expand_aliases; alias k='echo KK'", "rc=0 out=\"\""),
        ("k y; exit 0", "rc=0 DIED out=\"KK y\\n\""),
        ("k y", "rc=0 out=\"KK y\\n\""),
    ])
    .await;
}

#[tokio::test]
async fn sourced_files_functions_and_return() {
    check(&[
        ("echo 'Z=9; f(){ echo F$1; }' >$T/s.sh; . $T/s.sh", "rc=0 out=\"\""),
        ("f $Z; return 7; echo no", "rc=7 out=\"F9\\n\""),
        ("f 1; export -f f", "rc=0 out=\"F1\\n\""),
        ("bash -c 'f 2'", "rc=0 out=\"F2\\n\""),
        ("exit 0", "rc=0 DIED out=\"\""),
        ("bash -c 'f 3'", "rc=0 out=\"F3\\n\""),
    ])
    .await;
}

#[tokio::test]
async fn options_umask_and_positional_parameters_carry_and_come_back() {
    let report = "shopt nullglob; umask; echo $# $1; case ab in +(a|b)) echo ext;; esac; P=$$; [ $P = $$ ] && echo same";
    let shown = "rc=0 out=\"nullglob       \\ton\\n0027\\n2 p\\next\\nsame\\n\"";
    check(&[
        ("shopt -s nullglob extglob; umask 027; set -- p q; P=$$\ne() { case ab in +(a|b)) :;; esac; }", "rc=0 out=\"\""),
        ("[ $P = $$ ] && echo same shell", "rc=0 out=\"same shell\\n\""),
        (report, shown),
        ("kill -9 $$", "sig=9 DIED out=\"\""),
        (report, shown),
        ("set --", "rc=0 out=\"\""),
        ("exit 0", "rc=0 DIED out=\"\""),
        ("echo $#", "rc=0 out=\"0\\n\""),
    ])
    .await;
}

#[tokio::test]
async fn the_locale_carries() {
    check(&[
        ("export LC_ALL=C.UTF-8; x=é; echo ${#x}", "rc=0 out=\"1\\n\""),
        ("y=ñandú; echo ${#y}; exit 0", "rc=0 DIED out=\"5\\n\""),
        ("y=ñandú; echo ${#y}", "rc=0 out=\"5\\n\""),
    ])
    .await;
}

#[tokio::test]
async fn a_stray_break_is_harmless() {
    check(&[
        (
            "break; echo a; continue; echo b",
            "rc=0 out=\"a\\nb\\n\" err=\"$CTL/b1: line 1: break: only meaningful in a `for', `while', or `until' loop\\n$CTL/b1: line 1: continue: only meaningful in a `for', `while', or `until' loop\\n\"",
        ),
        ("echo c", "rc=0 out=\"c\\n\""),
    ])
    .await;
}

#[tokio::test]
async fn a_document_may_redefine_what_the_driver_uses() {
    check(&[
        ("printf(){ command echo HIJACK; }; trap() { :; }; A=1", "rc=0 out=\"\""),
        ("printf x; echo $A", "rc=0 out=\"HIJACK\\n1\\n\""),
        ("function . { :; }; function source { :; }; echo x", "rc=0 out=\"x\\n\""),
        ("echo [$A]; false; echo no", "rc=1 out=\"[1]\\n\""),
        ("echo [$A]", "rc=0 out=\"[1]\\n\""),
    ])
    .await;
}

#[tokio::test]
async fn redefining_builtin_or_stopping_all_execution_fails_closed() {
    check_within(
        Duration::from_millis(1500),
        &[
            ("A=1", "rc=0 out=\"\""),
            ("builtin(){ :; }; echo x", "TIMEOUT DIED out=\"x\\n\""),
            ("echo [$A]", "rc=0 out=\"[1]\\n\""),
            ("set -n", "TIMEOUT DIED out=\"\""),
            ("echo $A", "rc=0 out=\"1\\n\""),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_document_s_own_err_trap_fires_once_and_its_block_stops() {
    check(&[
        ("trap 'echo ERR $?' ERR", "rc=0 out=\"\""),
        ("false; (exit 5)", "rc=1 out=\"ERR 1\\n\""),
        ("(exit 5); echo no", "rc=5 out=\"ERR 5\\n\""),
        ("exit 0", "rc=0 DIED out=\"\""),
        ("f() { false; }; f; echo no", "rc=1 out=\"ERR 1\\n\""),
        ("trap 'echo mine; exit 9' ERR; false; echo no", "rc=9 DIED out=\"mine\\n\""),
        ("trap - ERR; false; echo no", "rc=1 out=\"\""),
        ("set +e; trap 'echo E$?' ERR; false; (exit 5); echo on", "rc=0 out=\"E1\\nE5\\non\\n\""),
    ])
    .await;
}

#[tokio::test]
async fn set_x_shows_the_block_s_lines_only() {
    check(&[
        ("set -x", "rc=0 out=\"\""),
        ("echo hi", "rc=0 out=\"hi\\n\" err=\"++ echo hi\\n\""),
        ("set +x; echo bye", "rc=0 out=\"bye\\n\" err=\"++ set +x\\n\""),
    ])
    .await;
}

#[tokio::test]
async fn pipes_and_limits_are_as_usual() {
    check(&[("ulimit -n 64; yes | head -1; echo ${PIPESTATUS[*]}", "rc=0 out=\"y\\n141 0\\n\""), ("ulimit -n", "rc=0 out=\"64\\n\"")])
        .await;
}

#[tokio::test]
async fn the_shell_is_called_bash_and_has_what_it_was_given() {
    check(&[("echo $0 $#; env | cut -d= -f1 | sort | tr '\\n' ' '", "rc=0 out=\"bash 0\\nPATH PWD SHLVL T _ \"")]).await;
}
