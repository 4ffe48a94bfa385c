//! Secrets planted in every way that a run can come by one, written in every way that a document can write them: none is in any artefact.

use std::{fmt::Write as _, fs, path::Path};

use crate::support::{Ended, docent_in};

/// A secret: where it comes from, what is printed, and what must not be seen of it.
struct Plant {
    name: &'static str,
    /// The commands that make it known to the shell, as `$PLANTED`.
    script: String,
    /// What must not be seen.
    value: String,
    /// docent knows the value itself, so it is also found when it is broken over lines.
    is_known: bool,
}

/// Letters and digits without a pattern in them.
fn letters(seed: u32, count: usize) -> String {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"[(state >> 16) as usize % 57])
    };
    (0..count).map(|_| next()).collect()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A value that docent learns by way of a variable.
fn known(name: &'static str, script: &str, value: &str) -> Plant {
    Plant { name, script: script.to_owned(), value: value.to_owned(), is_known: true }
}

/// A value that docent can only know by its looks, in the middle of a text.
fn shaped(name: &'static str, before: &str, value: &str, after: &str) -> Plant {
    let script = format!("PLANTED={}", quoted(&format!("{before}{value}{after}")));
    Plant { name, script, value: value.to_owned(), is_known: false }
}

const GIVEN: &str = "Tr0ub4dor&3 'x\"y/+=z%";
const FROM_FILE: &str = "línea-密钥-9\\q";

fn plants() -> Vec<Plant> {
    let pem =
        format!("-----BEGIN PRIVATE KEY-----\n{}\n{}\n{}==\n-----END PRIVATE KEY-----", letters(1, 64), letters(2, 64), letters(3, 22));
    let jwt = format!("eyJ{}.eyJ{}.{}", letters(4, 33), letters(5, 70), letters(6, 86));
    let account_key = format!("{}==", letters(7, 86));
    vec![
        known("given", "PLANTED=$ADMIN_PASSWORD", GIVEN),
        known("named-by-option", "PLANTED=$PLAIN", "plain-value-77"),
        known("named-by-file", "PLANTED=$TOML_ONE", "toml-value-78"),
        known("env-file", "PLANTED=$DB_PASSWORD", FROM_FILE),
        known("env-file-guessed", "PLANTED=$API_TOKEN", "token of 3 words"),
        known("directive", "DIRECTIVE_ONE=$(printf 'dir-%s' rect-value-1)\nPLANTED=$DIRECTIVE_ONE", "dir-rect-value-1"),
        known("literal", "export CLIENT_SECRET='lit3ral $cl1ent'\nPLANTED=$CLIENT_SECRET", "lit3ral $cl1ent"),
        known("computed", "MY_PW=$(printf 'comp%s' uted-9921)\nPLANTED=$MY_PW", "computed-9921"),
        known("captured", "PLANTED=$SESSION_TOKEN", "captured-5531-value"),
        known(
            "array",
            "export SIGNING_KEY=$(printf '%s\\n' first-line-of-it-1 second-line-of-it-2)\nPLANTED=$(echo \"$SIGNING_KEY\" | tail -n 1)",
            "second-line-of-it-2",
        ),
        shaped("jwt", "the token ", &jwt, " is new"),
        Plant { name: "pem", script: format!("PLANTED={}", quoted(&pem)), value: pem.lines().nth(1).unwrap().to_owned(), is_known: false },
        shaped("account-key", "key1 Full ", &account_key, " x"),
        shaped(
            "connection-string",
            "Endpoint=sb://a.example.net/;SharedAccessKeyName=Root;SharedAccessKey=",
            &letters(8, 43),
            "=;EntityPath=q",
        ),
        shaped("signature", "https://a.blob.core.windows.net/c/b?sv=2024-11-04&sig=", &letters(9, 43), "=&se=2026"),
        shaped("kubeconfig-key", "    client-key-data: ", &letters(10, 120), "\n"),
        shaped("kubeconfig-certificate", "    client-certificate-data: ", &letters(11, 120), "\n"),
        shaped("kubeconfig-token", "    token: ", &letters(12, 64), "\n"),
        shaped("header", "> Authorization: Basic ", &letters(13, 24), "\n"),
        shaped("address", "https://someone:", "pw-4-address", "@git.example.com/x.git"),
        shaped("entra", "secret is ", &format!("{}8Q~{}", letters(14, 3), letters(15, 34)), " now"),
        shaped("github", "remote ", &format!("ghp_{}", letters(16, 36)), " ok"),
        shaped("aws", "aws_secret_access_key = ", &letters(17, 40), "\n"),
        shaped("slack", "use ", &format!("xoxb-{}-{}", 1_234_567_890, letters(18, 24)), " here"),
        shaped("registry", "password ", &format!("{}+ACRA{}", letters(19, 42), letters(20, 5)), " is set"),
    ]
}

/// Prints `$PLANTED` in all ways.
fn prints(is_known: bool) -> String {
    let mut script = concat!(
        "echo \"raw <$PLANTED>\"; echo \"to stderr <$PLANTED>\" >&2\n",
        "printf '%s' \"$PLANTED\" | base64 -w0; echo\n",
        "printf 'x%s' \"$PLANTED\" | base64\n",
        "printf 'xy%s' \"$PLANTED\" | base64 -w 20 | tr '+/' '-_'\n",
        "printf '%s' \"$PLANTED\" | base64 -w0 | base64 -w0; echo\n",
        "printf '%s' \"$PLANTED\" | od -An -v -tx1\n",
        "printf '%s' \"$PLANTED\" | od -An -v -tx1 | tr -d ' \\n' | tr a-f A-F; echo\n",
        "printf '%s' \"$PLANTED\" | od -An -v -tx1 | tr -d '\\n' | tr ' ' '%'; echo\n",
        "printf '%q\\n' \"$PLANTED\"\n",
        "printf '%s' \"$PLANTED\" | sed 's/[\"\\\\]/\\\\&/g; s/^/{\"v\": \"/; s/$/\"}/'; echo\n",
    )
    .to_owned();
    if is_known {
        script.push_str("printf '%s' \"$PLANTED\" | sed 's/.../&\\n/g'; echo\nprintf '%s' \"$PLANTED\" | tr a-z A-Z; echo\n");
    }
    script
}

/// A document that makes the secrets known, prints them, is judged on them, and fails with them on its lips.
fn document(plants: &[Plant]) -> String {
    let mut text = "# Planted\n\n<!-- docent-file: secret=DIRECTIVE_ONE -->\n\n<!-- docent: capture=SESSION_TOKEN:$.t -->\n```bash\nprintf '{\"t\": \"captured-%s-value\"}\\n' 5531\n```\n".to_owned();
    for Plant { name, script, is_known, .. } in plants {
        let prints = prints(*is_known);
        write!(
            text,
            "\n## {name}\n\n```bash\n{script}\n{prints}```\n\n<!-- expected_similarity=1.0 -->\n```output\nnothing of the kind\n```\n\n\
             <!-- docent: stdin=\"$PLANTED\" -->\n```bash\necho \"failing with $PLANTED\" >&2\nX=$(ls \"/nonexistent/$PLANTED\")\ncat \"no such $PLANTED\"\n```\n\n\
             ```bash\necho '{{\"status\": \"done\", \"value\": \"'\"$(printf '%s' \"$PLANTED\" | base64 -w0)\"'\"}}'\n```\n\n\
             <!-- expected_similarity=1.0 -->\n```json\n{{\"status\": \"todo\", \"value\": \"$PLANTED\"}}\n```\n"
        )
        .unwrap();
    }
    text
}

/// What must not be found of a value: itself and its encodings, as far as they do not depend on what stands around it.
fn needles(value: &str) -> Vec<String> {
    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let mut needles = vec![value.to_owned(), hex, percent];
    for before in 0..3 {
        let encoded = base64(&[&vec![b'x'; before][..], value.as_bytes()].concat());
        let end = encoded.len() - 4;
        needles.push(encoded[before + 1 + usize::from(before > 0)..end].to_owned());
    }
    needles
}

/// The test's own encoder: the one of the program must not vouch for itself.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = bytes.chunks(3).flat_map(|group| {
        let bits = (0..3).fold(0_u32, |bits, index| bits << 8 | u32::from(group.get(index).copied().unwrap_or(0)));
        (0..4).map(move |index| (bits >> (18 - 6 * index)) as usize & 63)
    });
    groups.map(|letter| char::from(LETTERS[letter])).collect()
}

/// A text without what may break a value apart: blanks, line ends, quotes, escapes, the marks of the terminal.
fn squeezed(text: &str) -> String {
    let marks = [' ', '\n', '\t', '\r', '\\', '"', '\'', '│'];
    text.replace("\\n", "")
        .chars()
        .filter(|c| !marks.contains(c))
        .map(|c| c.to_ascii_lowercase())
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect()
}

#[track_caller]
fn assert_clean(artefact: &str, text: &str, plants: &[Plant]) {
    let squeezed_text = squeezed(text);
    for Plant { name, value, .. } in plants {
        for needle in needles(value) {
            let needle = squeezed(&needle);
            assert!(needle.len() >= 6, "{name}: {needle:?} proves nothing");
            if let Some(at) = squeezed_text.find(&needle) {
                let around: String = squeezed_text[..at].chars().rev().take(80).collect::<Vec<_>>().into_iter().rev().collect();
                panic!("{artefact} shows {name}: …{around}{needle}");
            }
        }
    }
}

fn prepared(folder: &Path, text: &str) {
    fs::write(folder.join("document.md"), text).unwrap();
    fs::write(folder.join("docent.toml"), "secret = [\"TOML_ONE\"]\n").unwrap();
    fs::write(
        folder.join("secrets.env"),
        format!("# of the caller\nexport DB_PASSWORD='{FROM_FILE}'\nAPI_TOKEN=\"token of 3 words\" # comment\n"),
    )
    .unwrap();
}

fn run(folder: &Path, more: &[&str]) -> Ended {
    let given = format!("ADMIN_PASSWORD={GIVEN}");
    let mut words = vec![
        "test",
        "document.md",
        "--target",
        "none",
        "--var",
        &given,
        "--var",
        "PLAIN=plain-value-77",
        "--var",
        "TOML_ONE=toml-value-78",
    ];
    words.extend(["--secret", "PLAIN", "--env-file", "secrets.env"]);
    words.extend(more);
    docent_in(folder, &words)
}

#[test]
fn none_of_the_planted_secrets_is_in_any_artefact() {
    let plants = plants();
    assert!(plants.len() >= 25);
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), &document(&plants));
    let ended = run(folder.path(), &["-v", "--report", "json=report.json"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    let steps = ended.steps();
    assert_eq!(steps.len(), 1 + 3 * plants.len());
    // They were really printed: a planted value leaves its mark in each step.
    for (plant, of_plant) in plants.iter().zip(steps[1..].chunks(3)) {
        let stdout = of_plant[0]["stdout"].as_str().unwrap();
        assert!(stdout.matches("***").count() >= 8, "{}: {stdout}", plant.name);
        assert!(of_plant[1]["stderr"].as_str().unwrap().matches("***").count() >= 2, "{}: {}", plant.name, of_plant[1]);
        assert!(stdout.starts_with("raw <") && of_plant[0]["status"] == "failed", "{}", of_plant[0]);
    }
    let report = fs::read_to_string(folder.path().join("report.json")).unwrap();
    for (artefact, text) in [("the terminal", &ended.stdout), ("standard error", &ended.stderr), ("the JSON report", &report)] {
        assert_clean(artefact, text, &plants);
    }
    for more in [&["-q"][..], &["--report", "json=-", "--color", "always", "--unmarked", "judge=0.9"]] {
        let ended = run(folder.path(), more);
        assert_clean("the terminal", &(ended.stdout + &ended.stderr), &plants);
    }
    for format in ["text", "json", "sarif", "github"] {
        let ended = docent_in(folder.path(), &["lint", "document.md", "--format", format]);
        assert_clean(format, &(ended.stdout + &ended.stderr), &plants);
    }
}

#[test]
fn what_the_embedded_azure_issues_and_stores_is_masked() {
    let text = "# Issued\n\n```bash\naz group create -n g -l westeurope -o none\naz role assignment create --role \"Key Vault Administrator\" \\\n  --assignee-object-id \"$(az ad signed-in-user show --query id -o tsv)\" --scope \"$(az group show -n g --query id -o tsv)\" -o none\naz keyvault create -n kv-planted-1 -g g -l westeurope -o none\nVALUE=$(printf 'vault-%s' Value-77)\naz keyvault secret set --vault-name kv-planted-1 -n s --value \"$VALUE\" -o none\naz keyvault secret set --vault-name kv-planted-1 -n t --value 'Hello!' --query value -o tsv\naz keyvault secret show --vault-name kv-planted-1 -n s --query value -o tsv | tee /dev/stderr | base64\n```\n\n```bash\ncat ~/.azure/msal_token_cache.json | tr ',' '\\n' | grep secret | head -n 1 | fold -w 9\naz aks create -n c -g g --generate-ssh-keys -o none 2>/dev/null\naz aks get-credentials -n c -g g 2>/dev/null\nkubectl create token default >token\ncut -c1-60 token; cat token; echo; base64 -w 50 token\nkubectl create secret generic s --from-literal=password=\"$VALUE\" -o yaml --dry-run=client\ngrep -A3 'user:$' ~/.kube/config\n```\n";
    let ended = crate::support::test_document(text, &["-v"]);
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    let value = Plant { name: "stored", script: String::new(), value: "vault-Value-77".to_owned(), is_known: true };
    assert_clean("the terminal", &ended.stdout, std::slice::from_ref(&value));
    assert_clean("the JSON report", &ended.report.to_string(), std::slice::from_ref(&value));
    let stdout = ended.steps()[1]["stdout"].as_str().unwrap();
    let longest = squeezed(stdout).split(|c: char| !c.is_ascii_alphanumeric() && c != '+' && c != '/').map(str::len).max().unwrap_or(0);
    // What `cut` leaves of a token are its header and the beginning of its claims.
    assert!(longest <= 64, "{stdout}");
    assert!(stdout.contains("client-key-data: ***") && stdout.contains("password: ***"), "{stdout}");
    // A short word that the document stores and shows on purpose stays readable.
    assert!(ended.steps()[0]["stdout"].as_str().unwrap().starts_with("Hello!\n"), "{}", ended.stdout);
}

#[test]
fn what_a_command_prints_beside_the_embedded_azure_is_masked_unless_a_terminal_has_it() {
    let script =
        "az account get-access-token --query accessToken -o tsv | tee /dev/stderr | base64 -w0; echo; echo \"$MY_PASSWORD\"; exit 3";
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_docent"))
        .args(["cloud", "exec", "--", "/bin/bash", "-c", script])
        .env("MY_PASSWORD", "hunter2-hunter2")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(3), "{text}");
    // Secrets side by side are one.
    assert!((2..=4).contains(&text.matches("***").count()) && text.len() < 30, "{text}");
}

#[test]
fn masking_comes_after_judging_and_leaves_ordinary_words_alone() {
    let text = "# Judged\n\n```bash\nexport SORT_KEY=created ADMIN_PASSWORD=sup3r-secret\necho \"created with sup3r-secret\"\n```\n\n<!-- expected_similarity=1.0 -->\n```output\ncreated with sup3r-secret\n```\n\n<!-- docent: expect-exit=1 -->\n```bash\necho \"no sup3r-secret here\" >&2; (exit 1)\n```\n";
    let ended = crate::support::test_document(text, &[]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    assert_eq!(ended.steps()[0]["stdout"], "created with ***\n");
    assert_eq!(ended.steps()[0]["expectations"][0]["score"], 1.0);
    let promised = "# Promised\n\n<!-- docent-file: expect-failure=\"a: sup3r-secret\" -->\n\n<!-- docent: name=a -->\n```bash\nADMIN_PASSWORD=sup3r-secret\nls \"/$ADMIN_PASSWORD\"\n```\n";
    let ended = crate::support::test_document(promised, &[]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    assert!(!ended.stdout.contains("sup3r") && !ended.report.to_string().contains("sup3r"), "{}", ended.report);
}

#[test]
fn an_env_file_gives_variables_and_a_bad_line_is_named_without_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.md"), "# A\n\n```bash\nNAME=of-the-document\necho \"$NAME $OTHER\"\n```\n").unwrap();
    fs::write(folder.path().join("a.env"), "NAME=of-the-file\nOTHER='two  words'\n").unwrap();
    fs::write(folder.path().join("b.env"), "\n# comment\nhunter2-hunter2\n").unwrap();
    let run = |words: &[&str]| docent_in(folder.path(), &[&["test", "a.md", "--report", "json=report.json"], words].concat());
    assert_eq!(run(&["--env-file", "a.env"]).steps()[0]["stdout"], "of-the-file two  words\n");
    assert_eq!(run(&["--env-file", "a.env", "--var", "NAME=given"]).steps()[0]["stdout"], "given two  words\n");
    let ended = run(&["--env-file", "b.env"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("b.env:3: expected NAME=VALUE") && !ended.stderr.contains("hunter2"), "{}", ended.stderr);
    assert_eq!(run(&["--env-file", "c.env"]).code, 2);
}

#[test]
fn a_file_beside_the_documents_cannot_pass_on_what_the_caller_has() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.md"), "# A\n\n```bash\nenv\n```\n").unwrap();
    for line in [
        "env-file = [\"/etc/environment\"]",
        "pass-env = [\"*\"]",
        "env = [\"HOME\"]",
        "variables = { A = \"1\" }",
        "secret = [\"not a name\"]",
        "unmask = true",
    ] {
        fs::write(folder.path().join("docent.toml"), format!("{line}\n")).unwrap();
        let ended = docent_in(folder.path(), &["test", "a.md"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{line}: {}", ended.stderr);
    }
    fs::write(folder.path().join("docent.toml"), "secret = [\"A\"]\n").unwrap();
    // What the caller has in the environment does not reach a step.
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_docent"))
        .args(["test", "a.md", "-v"])
        .current_dir(folder.path())
        .env("MY_CALLER_VARIABLE", "value-of-the-caller")
        .output()
        .unwrap();
    assert!(output.status.success() && !String::from_utf8_lossy(&output.stdout).contains("value-of-the-caller"));
}

#[test]
fn a_script_asks_for_secret_values_instead_of_holding_them() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("a.md"),
        "# A\n\n```bash\nexport MY_PASSWORD=changeme REGION=here\necho \"$MY_PASSWORD in $REGION\"\n```\n",
    )
    .unwrap();
    let script = docent_in(folder.path(), &["script", "a.md", "--var", "MY_PASSWORD=hunter2-hunter2", "--var", "REGION=there"]).stdout;
    assert!(!script.contains("hunter2"), "{script}");
    let run = |password: Option<&str>| {
        let mut bash = std::process::Command::new("bash");
        bash.args(["-c", &script]).env_remove("MY_PASSWORD");
        bash.envs(password.map(|password| ("MY_PASSWORD", password)));
        String::from_utf8(bash.output().unwrap().stdout).unwrap()
    };
    assert_eq!((run(Some("own")).as_str(), run(None).as_str()), ("own in there\n", ""));
}
