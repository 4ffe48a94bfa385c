//! Steps are never root, and what wants to be is said by name.

use crate::support::test_document;

#[test]
fn a_step_that_asks_for_root_is_unsupported_by_name() {
    for power in ["sudo", "/usr/bin/env true && sudo -n"] {
        let ended = test_document(format!("# Power\n\n```bash\n{power} ls /\n```\n"), &["--target", "none"]);
        let step = ended.step_at(3);
        assert_eq!((ended.code, &step["status"]), (6, &"unsupported".into()), "{}{}", ended.stdout, ended.stderr);
        assert_eq!((&step["blocked_by"]["what"], &step["blocked_by"]["kind"]), (&"sudo".into(), &"privilege".into()));
    }
}

#[test]
fn a_program_that_is_called_sudo_and_works_is_nobody_s_business() {
    let document = "# Own\n\n```bash\nsudo() { echo \"as I am: $*\"; return 3; }\nsudo ls || echo \"sudo: it said no\" >&2\n```\n";
    let ended = test_document(document, &["--target", "none"]);
    assert_eq!(ended.step_at(3)["status"], "passed", "{}", ended.stdout);
}

#[test]
fn steps_are_an_ordinary_user() {
    let document = "# Who\n\n```bash\nid -u\n```\n\n<!-- expected_similarity=\"^[1-9][0-9]*\\s*$\" -->\n\n```output\n1000\n```\n";
    let ended = test_document(document, &["--target", "none", "--sandbox", "require"]);
    // Root without the power to become somebody else stays root, and has no other powers either.
    let is_stuck = ended.stdout.contains("root without capabilities");
    assert!(ended.code == 0 || is_stuck, "{}{}", ended.stdout, ended.stderr);
}
