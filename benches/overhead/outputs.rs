//! Outputs to judge, made up in any size: what commands print a lot of, and what could make a judge slow.

use std::fmt::Write;

/// A pair to judge.
pub(crate) struct Pair {
    /// The fence's tag.
    pub language: &'static str,
    /// What the document shows.
    pub expected: String,
    /// What was printed.
    pub actual: String,
}

/// A kind of output: its name, and how a pair of about so many bytes is made.
pub(crate) struct Kind {
    /// What the pair is made of.
    pub name: &'static str,
    make: fn(usize) -> Pair,
}

impl Kind {
    /// A pair of which the larger side has about `bytes`.
    pub(crate) fn pair(&self, bytes: usize) -> Pair {
        (self.make)(bytes)
    }
}

/// How many lines of a long output a short document shows.
const SHOWN_LINES: usize = 20;

/// What commands print.
pub(crate) const ORDINARY: [Kind; 24] = [
    Kind { name: "random words", make: |bytes| changed(bytes, words) },
    Kind { name: "random words, none of them shown", make: |bytes| text(filled(bytes, 1, words), filled(bytes, 2, words)) },
    Kind { name: "prose", make: |bytes| changed(bytes, prose) },
    Kind { name: "logs", make: |bytes| changed(bytes, log) },
    Kind { name: "logs of another run", make: |bytes| text(filled(bytes, 1, log), filled(bytes, 2, log)) },
    Kind { name: "key: value", make: |bytes| changed(bytes, labelled) },
    Kind { name: "very short lines", make: |bytes| changed(bytes, short) },
    Kind { name: "one long line of words", make: |bytes| on_one_line(changed(bytes, words)) },
    Kind { name: "az table", make: |bytes| headed(AZ_HEADER, changed(bytes, az_row)) },
    Kind { name: "kubectl table", make: |bytes| headed(KUBECTL_HEADER, changed(bytes, kubectl_row)) },
    Kind { name: "tsv", make: |bytes| changed(bytes, tsv_row) },
    Kind { name: "JSON", make: |bytes| listed(changed(bytes, json_item)) },
    Kind { name: "YAML", make: |bytes| changed(bytes, yaml_item) },
    Kind { name: "HTML", make: |bytes| headed("<!DOCTYPE html>\n<html><body>\n", changed(bytes, html_item)) },
    Kind { name: "base64", make: |bytes| text(filled(bytes, 1, base64), filled(bytes, 2, base64)) },
    Kind { name: "Japanese", make: |bytes| changed(bytes, japanese) },
    Kind { name: "Arabic", make: |bytes| changed(bytes, arabic) },
    Kind { name: "in colours", make: |bytes| changed(bytes, coloured) },
    Kind { name: "kubectl apply", make: |bytes| changed(bytes, applied) },
    Kind { name: "few lines shown of random words", make: |bytes| few(changed(bytes, words)) },
    Kind { name: "few lines shown of logs", make: |bytes| few(changed(bytes, log)) },
    Kind { name: "few lines shown of key: value", make: |bytes| few(changed(bytes, labelled)) },
    Kind { name: "few rows shown of a kubectl table", make: |bytes| headed(KUBECTL_HEADER, few(changed(bytes, kubectl_row))) },
    Kind { name: "few entries shown of JSON", make: |bytes| listed(few(changed(bytes, json_item))) },
];

/// What could make a judge slow.
pub(crate) const PATHOLOGICAL: [Kind; 30] = [
    Kind { name: "one token again and again", make: |bytes| text("same ".repeat(bytes / 5), "same ".repeat(bytes / 5 + 1)) },
    Kind { name: "opening brackets", make: |bytes| text("[".repeat(bytes), "[".repeat(bytes - 1)) },
    Kind { name: "opening brackets, a line each", make: |bytes| text("[\n".repeat(bytes / 2), "{\n".repeat(bytes / 2)) },
    Kind { name: "one line without white space", make: |bytes| text(unbroken(bytes, 1), unbroken(bytes, 2)) },
    Kind { name: "empty lines", make: |bytes| text("\n".repeat(bytes) + "end", "\n".repeat(bytes) + "the end") },
    Kind { name: "every word a placeholder", make: |bytes| text("<name> ".repeat(bytes / 7), filled(bytes, 1, words)) },
    Kind { name: "10,000 placeholders", make: ten_thousand_gaps },
    Kind { name: "a gap in each line", make: |bytes| text(filled(bytes, 1, gapped), filled(bytes, 1, log)) },
    Kind { name: "a failure in each line", make: |bytes| text(filled(bytes, 1, log), filled(bytes, 2, failing)) },
    Kind { name: "a small table again and again", make: |bytes| text(filled(bytes, 1, small_table), filled(bytes, 2, small_table)) },
    Kind { name: "rules of dashes", make: |bytes| text("---  ---\n".repeat(bytes / 9), "---  ---\na  b\n".repeat(bytes / 14)) },
    Kind { name: "one key with other values", make: |bytes| text(filled(bytes, 1, one_key), filled(bytes, 2, one_key)) },
    Kind { name: "opening angles", make: |bytes| text("<".repeat(bytes), "< ".repeat(bytes / 2)) },
    Kind { name: "elisions", make: |bytes| text("...\na b\n".repeat(bytes / 8), filled(bytes, 1, short)) },
    Kind { name: "escape characters", make: |bytes| text("\u{1b}[".repeat(bytes / 2) + "x", "\u{1b}]".repeat(bytes / 2) + "y") },
    Kind { name: "one row again and again", make: |bytes| headed(KUBECTL_HEADER, text(same_row(bytes), same_row(bytes - 100))) },
    Kind { name: "rows of one name", make: |bytes| headed(KUBECTL_HEADER, changed(bytes, namesake)) },
    Kind { name: "tables of many headers", make: |bytes| text(filled(bytes, 1, own_table), filled(bytes, 2, own_table)) },
    Kind { name: "headings of one name", make: |bytes| changed(bytes, one_heading) },
    Kind { name: "list items of one name", make: |bytes| changed(bytes, namesakes_of_yaml) },
    Kind { name: "keys in deep nesting", make: |bytes| changed(bytes, deep) },
    Kind { name: "addresses with a hole", make: |bytes| text(filled(bytes, 1, address), filled(bytes, 2, address)) },
    Kind { name: "one verb and others of one kind", make: |bytes| text(filled(bytes, 1, applied), filled(bytes, 2, befallen)) },
    Kind { name: "shown failures and others", make: |bytes| text(filled(bytes, 1, seldom_failing), filled(bytes, 2, failing)) },
    Kind {
        name: "JSON of equal objects",
        make: |bytes| listed(changed(bytes, |out, _, _| out.push_str("  {\"name\": \"web\", \"state\": \"Running\"},\n"))),
    },
    Kind { name: "JSON of objects of one name", make: |bytes| listed(changed(bytes, |out, dice, _| json_item(out, dice, 0))) },
    Kind { name: "JSON documents, a line each", make: |bytes| changed(bytes, json_line) },
    Kind { name: "JSON documents on one line", make: |bytes| on_one_line(changed(bytes, json_line)) },
    Kind { name: "sixty large JSON documents", make: sixty_documents },
    Kind { name: "nested JSON", make: |bytes| text("{\"a\":".repeat(bytes / 5), "{\"a\":[".repeat(bytes / 6)) },
];

/// A small generator of numbers (SplitMix64), so that every run measures the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % sides.max(1) as u64) as usize
    }

    fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.roll(items.len())]
    }
}

/// Writes one line, or a few that belong together; `at` counts them.
type Writes = fn(&mut String, &mut Dice, usize);

fn text(expected: String, actual: String) -> Pair {
    Pair { language: "output", expected, actual }
}

fn filled(bytes: usize, seed: u64, write: Writes) -> String {
    let mut dice = Dice(seed);
    let mut text = String::with_capacity(bytes + 256);
    for at in 0.. {
        if text.len() >= bytes {
            break;
        }
        write(&mut text, &mut dice, at);
    }
    text
}

/// The same on both sides, but for one line in ten.
fn changed(bytes: usize, write: Writes) -> Pair {
    let (mut shared, mut own) = (Dice(1), Dice(2));
    let (mut expected, mut actual) = (String::with_capacity(bytes + 256), String::with_capacity(bytes + 256));
    for at in 0.. {
        if expected.len() >= bytes {
            break;
        }
        let start = expected.len();
        write(&mut expected, &mut shared, at);
        if own.roll(10) == 0 {
            write(&mut actual, &mut own, at);
        } else {
            actual.push_str(&expected[start..]);
        }
    }
    text(expected, actual)
}

fn few(pair: Pair) -> Pair {
    let expected = pair.expected.split_inclusive('\n').skip(3).take(SHOWN_LINES).collect();
    Pair { expected, ..pair }
}

fn headed(header: &str, pair: Pair) -> Pair {
    Pair { expected: format!("{header}{}", pair.expected), actual: format!("{header}{}", pair.actual), ..pair }
}

fn listed(pair: Pair) -> Pair {
    let list = |items: String| format!("[\n{}\n]\n", items.trim_end().trim_end_matches(','));
    Pair { language: "json", expected: list(pair.expected), actual: list(pair.actual) }
}

fn on_one_line(pair: Pair) -> Pair {
    Pair { expected: pair.expected.replace('\n', " "), actual: pair.actual.replace('\n', " "), ..pair }
}

fn ten_thousand_gaps(bytes: usize) -> Pair {
    let mut at = 0;
    let expected = filled(bytes, 1, words).split(' ').fold(String::new(), |mut text, word| {
        at += 1;
        let gap = at % (bytes / 70_000).max(1) == 0;
        text.push_str(if gap { "<value>" } else { word });
        text.push(' ');
        text
    });
    text(expected, filled(bytes, 1, words))
}

fn word(out: &mut String, dice: &mut Dice) {
    for _ in 0..2 + dice.roll(8) {
        out.push(char::from(b'a' + dice.roll(26) as u8));
    }
}

fn words(out: &mut String, dice: &mut Dice, _: usize) {
    for _ in 0..10 {
        word(out, dice);
        out.push(' ');
    }
    out.push('\n');
}

const VOCABULARY: [&str; 48] = [
    "the",
    "a",
    "of",
    "to",
    "in",
    "and",
    "cluster",
    "resource",
    "group",
    "is",
    "was",
    "with",
    "for",
    "service",
    "network",
    "created",
    "virtual",
    "machine",
    "this",
    "that",
    "policy",
    "identity",
    "storage",
    "account",
    "when",
    "which",
    "node",
    "pool",
    "workload",
    "running",
    "deploys",
    "container",
    "image",
    "registry",
    "pulls",
    "before",
    "after",
    "access",
    "role",
    "assignment",
    "scope",
    "key",
    "vault",
    "secret",
    "token",
    "issuer",
    "subject",
    "audience",
];

fn prose(out: &mut String, dice: &mut Dice, _: usize) {
    for _ in 0..8 + dice.roll(8) {
        out.push_str(dice.pick(&VOCABULARY));
        out.push(' ');
    }
    out.pop();
    out.push_str(".\n");
}

fn log(out: &mut String, dice: &mut Dice, at: usize) {
    const LEVELS: [&str; 4] = ["INFO", "DEBUG", "INFO", "WARN"];
    const SAID: [&str; 5] = ["reconciled object", "started worker", "handled request", "synced cache", "wrote response"];
    let (level, said) = (dice.pick(&LEVELS), dice.pick(&SAID));
    let _ = writeln!(
        out,
        "2026-01-{:02}T{:02}:{:02}:{:02}.{:03}Z {level} controller/main.go:{} {said} id={:08x} count={} took={}ms peer=10.0.{}.{}:443",
        1 + at / 86_400 % 28,
        at / 3_600 % 24,
        at / 60 % 60,
        at % 60,
        dice.roll(1000),
        dice.roll(400),
        dice.roll(1 << 32),
        dice.roll(50),
        dice.roll(900),
        dice.roll(255),
        dice.roll(255),
    );
}

fn labelled(out: &mut String, dice: &mut Dice, at: usize) {
    const KEYS: [&str; 8] = ["Name", "Location", "Provisioning State", "Node Count", "endpoint", "createdAt", "osType", "Kind"];
    let key = KEYS[at % KEYS.len()];
    let _ = write!(out, "{key}: ");
    match at % 3 {
        0 => word(out, dice),
        1 => {
            let _ = write!(out, "{}", dice.roll(10_000));
        }
        _ => out.push_str(dice.pick(&["Succeeded", "eastus", "Linux", "true"])),
    }
    out.push('\n');
}

fn short(out: &mut String, dice: &mut Dice, _: usize) {
    for _ in 0..1 + dice.roll(3) {
        out.push(char::from(b'a' + dice.roll(26) as u8));
    }
    out.push('\n');
}

const AZ_HEADER: &str = "Name              Location    ResourceGroup    ProvisioningState    PowerState\n\
                         ----------------  ----------  ---------------  -------------------  ----------\n";

fn az_row(out: &mut String, dice: &mut Dice, at: usize) {
    let name = format!("vm-{at}");
    let place = dice.pick(&["eastus", "westeurope", "uksouth"]);
    let group = format!("group-{}", dice.roll(40));
    let _ = writeln!(out, "{name:<16}  {place:<10}  {group:<15}  {:<19}  VM running", "Succeeded");
}

const KUBECTL_HEADER: &str = "NAME                              READY   STATUS      RESTARTS   AGE     IP\n";

fn kubectl_row(out: &mut String, dice: &mut Dice, at: usize) {
    let name = format!("web-{at}-{:08x}-{:05x}", dice.roll(1 << 32), dice.roll(1 << 20));
    let status = dice.pick(&["Running", "Running", "Completed"]);
    let age = format!("{}m{}s", dice.roll(60), dice.roll(60));
    let _ = writeln!(out, "{name:<32}  1/1     {status:<10}  {:<9}  {age:<6}  10.244.{}.{}", dice.roll(4), dice.roll(9), dice.roll(255));
}

fn tsv_row(out: &mut String, dice: &mut Dice, at: usize) {
    let _ = writeln!(out, "vm-{at}\teastus\tgroup-{}\tSucceeded\t{}", dice.roll(40), dice.roll(1000));
}

fn json_item(out: &mut String, dice: &mut Dice, at: usize) {
    let _ = writeln!(
        out,
        "  {{\n    \"name\": \"item-{at}\",\n    \"location\": \"eastus\",\n    \"properties\": {{\n      \"provisioningState\": \"Succeeded\",\n      \
         \"count\": {},\n      \"enabled\": true,\n      \"uniqueId\": \"{:08x}-0000-4000-8000-{:012x}\"\n    }},\n    \"tags\": null\n  }},",
        dice.roll(9),
        dice.roll(1 << 32),
        dice.roll(1 << 48),
    );
}

fn yaml_item(out: &mut String, dice: &mut Dice, at: usize) {
    let _ = writeln!(
        out,
        "- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: web-{at}\n    uid: {:08x}-0000-4000-8000-{:012x}\n  spec:\n    nodeName: node-{}\n  \
         status:\n    phase: Running\n    podIP: 10.244.0.{}",
        dice.roll(1 << 32),
        dice.roll(1 << 48),
        dice.roll(9),
        dice.roll(255),
    );
}

fn html_item(out: &mut String, dice: &mut Dice, at: usize) {
    let _ = write!(out, "<div class=\"row\" id=\"r{at}\"><a href=\"/items/{at}\">");
    for _ in 0..6 {
        out.push_str(dice.pick(&VOCABULARY));
        out.push(' ');
    }
    out.push_str("</a></div>\n");
}

fn base64(out: &mut String, dice: &mut Dice, _: usize) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (0..76).for_each(|_| out.push(char::from(DIGITS[dice.roll(64)])));
    out.push('\n');
}

fn unbroken(bytes: usize, seed: u64) -> String {
    filled(bytes, seed, base64).replace('\n', "")
}

fn japanese(out: &mut String, dice: &mut Dice, at: usize) {
    const WORDS: [&str; 8] = ["リソース", "グループ", "作成しました", "クラスター", "削除", "完了", "名前空間", "設定"];
    for _ in 0..6 {
        out.push_str(dice.pick(&WORDS));
        out.push(' ');
    }
    let _ = writeln!(out, "{at}");
}

fn arabic(out: &mut String, dice: &mut Dice, at: usize) {
    const WORDS: [&str; 7] = ["مجموعة", "الموارد", "تم", "إنشاء", "العنقود", "بنجاح", "اسم"];
    for _ in 0..6 {
        out.push_str(dice.pick(&WORDS));
        out.push(' ');
    }
    let _ = writeln!(out, "{at}");
}

fn coloured(out: &mut String, dice: &mut Dice, at: usize) {
    out.push_str("\u{1b}[32m");
    log(out, dice, at);
    out.pop();
    out.push_str("\u{1b}[0m\r\n");
}

fn applied(out: &mut String, dice: &mut Dice, at: usize) {
    let kind = dice.pick(&["deployment.apps", "service", "configmap", "serviceaccount"]);
    let _ = writeln!(out, "{kind}/web-{at} created");
}

fn gapped(out: &mut String, dice: &mut Dice, at: usize) {
    log(out, dice, at);
    out.pop();
    out.push_str(" <request-id>\n");
}

fn failing(out: &mut String, dice: &mut Dice, at: usize) {
    let _ = writeln!(out, "retrying after 0 errors of job-{at}, none of them fatal: {}", dice.roll(1000));
}

fn small_table(out: &mut String, dice: &mut Dice, at: usize) {
    let _ = writeln!(out, "NAME    READY   STATUS\nweb-{at}   1/1     Running\ndb-{}   1/1     Running\n", dice.roll(100));
}

fn one_key(out: &mut String, dice: &mut Dice, _: usize) {
    out.push_str("status: ");
    word(out, dice);
    out.push('\n');
}

fn same_row(bytes: usize) -> String {
    "web-1                             1/1     Running     0          3m      10.244.0.7\n".repeat(bytes / 83)
}

fn namesake(out: &mut String, dice: &mut Dice, _: usize) {
    kubectl_row(out, &mut Dice(1), 1);
    out.pop();
    let _ = writeln!(out, "{}", dice.roll(10));
}

fn own_table(out: &mut String, dice: &mut Dice, at: usize) {
    let name = |dice: &mut Dice| (0..6).map(|_| char::from(b'A' + dice.roll(26) as u8)).collect::<String>();
    let _ = writeln!(out, "NAME    {}   {}\nweb-{at}   1/1     Running\n", name(dice), name(dice));
}

fn one_heading(out: &mut String, dice: &mut Dice, at: usize) {
    let state = dice.pick(&["Running", "Waiting", "Terminated"]);
    let _ = writeln!(out, "Containers:\n  web:\n    State: {state}\n    Ready: True\n    Restart Count: {}", at % 7);
}

fn namesakes_of_yaml(out: &mut String, dice: &mut Dice, _: usize) {
    let _ = writeln!(out, "- name: web\n  type: {}\n  status: {}", dice.pick(&["A", "B"]), dice.pick(&["Ready", "Pending"]));
}

fn deep(out: &mut String, dice: &mut Dice, at: usize) {
    let depth = at % 100;
    let _ = write!(out, "{:depth$}key{depth}: ", "");
    word(out, dice);
    out.push_str(if depth == 99 { "\nstate: on\n" } else { "\n" });
}

fn address(out: &mut String, dice: &mut Dice, at: usize) {
    word(out, dice);
    let _ = writeln!(out, ".azurecr.io/team-{}/web:v{at}", dice.roll(90));
}

fn befallen(out: &mut String, dice: &mut Dice, at: usize) {
    let _ = write!(out, "deployment.apps/web-{at} ");
    (0..6).for_each(|_| out.push(char::from(b'a' + dice.roll(26) as u8)));
    out.push('\n');
}

fn seldom_failing(out: &mut String, dice: &mut Dice, at: usize) {
    log(out, dice, at);
    if at.is_multiple_of(50) {
        let _ = writeln!(out, "error: job-{at} failed to connect to peer {}: connection refused", dice.roll(1000));
    }
}

fn json_line(out: &mut String, dice: &mut Dice, at: usize) {
    let _ = writeln!(out, "{{\"name\": \"item-{at}\", \"count\": {}, \"state\": \"Running\"}}", dice.roll(9));
}

fn sixty_documents(bytes: usize) -> Pair {
    let side = |seed: u64| {
        (0..60).map(|at| format!("[\n{}\n]\n", filled(bytes / 60, seed + at, json_item).trim_end().trim_end_matches(','))).collect()
    };
    text(side(1), side(100))
}
