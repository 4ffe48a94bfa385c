//! The rates that the judge promises, measured on recorded pairs that lie beside the checkout; named and skipped where they do not.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::judge;
use super::kinds::{Dice, KINDS, Kind, fits};
use crate::runbook::{Criterion, Expectation};

/// One recorded pair.
struct Pair {
    kind: String,
    source: String,
    expected: String,
    actual: String,
    language: String,
    threshold: f64,
    ie_score: f64,
    right: bool,
}

/// How often each kind was judged wrongly: kind → (wrongly, all).
#[derive(Default)]
pub(super) struct Rates(BTreeMap<String, (usize, usize)>);

impl Rates {
    pub(super) fn add(&mut self, kind: &str, wrongly: bool) {
        let entry = self.0.entry(kind.to_owned()).or_default();
        entry.0 += usize::from(wrongly);
        entry.1 += 1;
    }

    /// The mean over kinds, in per cent.
    pub(super) fn macro_rate(&self) -> f64 {
        let sum: f64 = self.0.values().map(|(wrongly, all)| *wrongly as f64 / *all as f64).sum();
        100.0 * sum / self.0.len().max(1) as f64
    }

    pub(super) fn print(&self, title: &str, out: &mut dyn Write) {
        let _ = writeln!(out, "{title}: {:.2} % (mean over {} kinds)", self.macro_rate(), self.0.len());
        for (kind, (wrongly, all)) in &self.0 {
            if *wrongly > 0 {
                let _ = writeln!(out, "  {kind}: {wrongly} of {all}");
            }
        }
    }
}

/// The recorded pairs; none when they or the `zstd` command are not there.
fn pairs() -> Option<Vec<Pair>> {
    let text_of = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    Some(
        lines_of("verdict-pairs-dev.jsonl.zst")?
            .into_iter()
            .map(|value| Pair {
                kind: text_of(&value, "kind"),
                source: text_of(&value, "src"),
                expected: text_of(&value, "expected"),
                actual: text_of(&value, "actual"),
                language: text_of(&value, "language"),
                threshold: value["threshold"].as_f64().expect("every pair has a threshold"),
                ie_score: value["score"].as_f64().expect("every pair has a score"),
                right: value["right"].as_bool().expect("every pair has a label"),
            })
            .collect(),
    )
}

/// Reads a JSON-lines file beside the checkout; none when it or the `zstd` command is not there.
fn lines_of(name: &str) -> Option<Vec<Value>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    let output = Command::new("zstd")
        .args(["-dc", "--quiet"])
        .arg(path)
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).expect("recorded files are UTF-8");
    Some(text.lines().map(|line| serde_json::from_str(line).expect("recorded files are JSON lines")).collect())
}

/// The expectations of published documents, each once; empty when they are not there.
fn published_expectations() -> Vec<Expectation> {
    let mut seen = std::collections::HashSet::new();
    let documents = lines_of("parse-golden-dev.jsonl.zst").unwrap_or_default();
    let blocks = documents.iter().flat_map(|document| document["blocks"].as_array().into_iter().flatten());
    blocks
        .map(|block| &block["expected"])
        .filter_map(|expected| {
            let text = expected["content"].as_str()?.to_owned();
            let threshold = expected["similarity"].as_f64().filter(|threshold| *threshold > 0.0)?;
            (!text.trim().is_empty() && seen.insert(text.clone()))
                .then(|| marked(expected["language"].as_str().unwrap_or_default(), threshold, text))
        })
        .collect()
}

fn marked(language: &str, threshold: f64, text: String) -> Expectation {
    Expectation {
        line: 1,
        fence_line: 2,
        language: language.to_owned(),
        criterion: Criterion::Similarity(threshold),
        text,
        comparison: Default::default(),
    }
}

/// Outputs in our own words, so that the kinds are measured wherever the tests run.
const OWN: [&str; 12] = [
    "{\n  \"id\": \"/subscriptions/<guid>/resourceGroups/myGroup1a2b3c/providers/Microsoft.KeyVault/vaults/myVault1a2b3c\",\n  \"location\": \"eastus\",\n  \"name\": \"myVault1a2b3c\",\n  \"properties\": {\n    \"enableRbacAuthorization\": true,\n    \"provisioningState\": \"Succeeded\",\n    \"publicNetworkAccess\": \"Enabled\",\n    \"sku\": {\n      \"family\": \"A\",\n      \"name\": \"standard\"\n    },\n    \"softDeleteRetentionInDays\": 7\n  },\n  \"resourceGroup\": \"myGroup1a2b3c\",\n  \"tags\": null,\n  \"type\": \"Microsoft.KeyVault/vaults\"\n}\n",
    "[\n  {\n    \"name\": \"nodepool1\",\n    \"mode\": \"System\",\n    \"osType\": \"Linux\",\n    \"count\": 3,\n    \"provisioningState\": \"Succeeded\"\n  },\n  {\n    \"name\": \"winpool2\",\n    \"mode\": \"User\",\n    \"osType\": \"Windows\",\n    \"count\": 1,\n    \"provisioningState\": \"Succeeded\"\n  }\n]\n",
    "{\n  ...\n  \"oidcIssuerProfile\": {\n    \"enabled\": true,\n    \"issuerUrl\": \"https://eastus.oic.example.com/<tenant>/<guid>/\"\n  },\n  ...\n}\n",
    "NAME                     READY   STATUS      RESTARTS   AGE\nfront-6f7c9d8b5-x2k4q    1/1     Running     0          3m12s\nback-7d9f8c6b4-m8n2p     1/1     Running     0          3m10s\nsetup-job-4k2lx          0/1     Completed   0          2m\n",
    "NAME                       STATUS   ROLES   AGE    VERSION\npool1-10000001-vmss000000   Ready    agent   5m1s   v1.33.2\npool1-10000001-vmss000001   Ready    agent   5m0s   v1.33.2\n",
    "Name        Location    ResourceGroup    KubernetesVersion    ProvisioningState\n----------  ----------  ---------------  -------------------  -------------------\nmyCluster1  West Europe  myGroup1         1.33.2               Succeeded\n",
    "configmap/settings created\ndeployment.apps/web created\nservice/web created\n",
    "NAME: shop\nLAST DEPLOYED: Mon Jan  5 10:11:12 2026\nNAMESPACE: default\nSTATUS: deployed\nREVISION: 1\nNOTES:\nThe shop is being installed. It may take a while until every pod serves requests.\n",
    "Initializing the backend...\n\nInitializing provider plugins...\n- Installing example/cloud v3.1.0...\n\nPlan: 4 to add, 0 to change, 0 to destroy.\n\nApply complete! Resources: 4 added, 0 changed, 0 destroyed.\n",
    "I0114 10:35:09.795900       1 main.go:63] \"read the secret\" secret=\"hi\"\n",
    "<!DOCTYPE html>\n<html>\n<head>\n<title>Our shop</title>\n</head>\n<body>\n<h1>Our shop</h1>\n<p>Everything that you never needed.</p>\n</body>\n</html>\n",
    "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: default\nspec:\n  type: LoadBalancer\n  ports:\n  - port: 80\n    protocol: TCP\n",
];

#[test]
fn kinds_of_output_that_nobody_tuned_for_are_judged_well() {
    let mut out = std::io::stderr().lock();
    let own = OWN.iter().flat_map(|text| [0.3, 0.8].map(|threshold| marked("output", threshold, (*text).to_owned())));
    let expectations: Vec<Expectation> = own.chain(published_expectations()).collect();
    let mut rates: BTreeMap<(bool, bool), Rates> = BTreeMap::new();
    let mut misses = String::new();
    let mut dice = Dice(7);
    for (number, kind) in KINDS.iter().enumerate() {
        let held_out = number % 3 == 2;
        for (place, expectation) in expectations.iter().enumerate() {
            if (number + place) % 8 != 0 && place >= 2 * OWN.len() {
                continue;
            }
            let Some(actual) = made(kind, expectation, &mut dice) else { continue };
            let verdict = judge(expectation, actual.as_bytes());
            rates.entry((held_out, kind.right)).or_default().add(kind.name, verdict.passed != kind.right);
            if verdict.passed != kind.right && !held_out {
                misses.push_str(&format!(
                    "{}: {:?} {}\n<<<\n{}\n===\n{actual}\n>>>\n",
                    kind.name, verdict.score, verdict.reason, expectation.text
                ));
            }
        }
    }
    // Another document's output is wrong unless both could be the same command's.
    for (place, expectation) in expectations.iter().enumerate().skip(2 * OWN.len()) {
        for step in [1, 7, 23] {
            let other = &expectations[2 * OWN.len() + (place + step) % (expectations.len() - 2 * OWN.len())];
            if related(&expectation.text, &other.text) || !fits(&KINDS[KINDS.len() - 1], &expectation.text) {
                continue;
            }
            let verdict = judge(expectation, other.text.as_bytes());
            rates.entry((true, false)).or_default().add("another document's output", verdict.passed);
            if verdict.passed {
                misses.push_str(&format!(
                    "another document: {:?} {}\n<<<\n{}\n===\n{}\n>>>\n",
                    verdict.score, verdict.reason, expectation.text, other.text
                ));
            }
        }
    }
    for ((held_out, right), rates) in &rates {
        let title = format!(
            "{} kinds, {}",
            if *held_out { "held-out" } else { "seen" },
            if *right { "right outputs that fail" } else { "wrong outputs that pass" }
        );
        rates.print(&title, &mut out);
    }
    for ((held_out, right), rates) in &rates {
        assert!(rates.macro_rate() <= 3.0, "held out={held_out}, right={right}: {:.2} %\n{misses}", rates.macro_rate());
    }
}

/// Whether two outputs share a third of their words: they may be the same command's.
fn related(left: &str, right: &str) -> bool {
    let words = |text: &str| {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.len() > 2)
            .map(str::to_lowercase)
            .collect::<std::collections::HashSet<_>>()
    };
    let (left, right) = (words(left), words(right));
    left.intersection(&right).count() * 3 >= left.len()
}

fn made(kind: &Kind, expectation: &Expectation, dice: &mut Dice) -> Option<String> {
    fits(kind, &expectation.text).then(|| (kind.make)(&expectation.text, dice)).flatten()
}

fn expectation(pair: &Pair) -> Expectation {
    Expectation {
        line: 1,
        fence_line: 2,
        language: pair.language.clone(),
        criterion: Criterion::Similarity(pair.threshold),
        text: pair.expected.clone(),
        comparison: Default::default(),
    }
}

#[test]
fn recorded_pairs_are_judged_as_a_sane_judge_would() {
    let mut out = std::io::stderr().lock();
    let Some(pairs) = pairs() else {
        let _ = writeln!(out, "skipped: ../shared/data/verdict-pairs-dev.jsonl.zst or the zstd command is not here");
        return;
    };
    let mut rates: BTreeMap<(&str, bool), Rates> = BTreeMap::new();
    let mut ie_rates: BTreeMap<(&str, bool), Rates> = BTreeMap::new();
    let mut worst_difference: f64 = 0.0;
    let mut misses = String::new();
    for pair in &pairs {
        let verdict = judge(&expectation(pair), pair.actual.as_bytes());
        let ie_score = verdict.ie_score.expect("a threshold has a score of the incumbent");
        worst_difference = worst_difference.max((ie_score - pair.ie_score).abs());
        for side in ["all", if pair.language.eq_ignore_ascii_case("json") { "json" } else { "text" }] {
            rates.entry((side, pair.right)).or_default().add(&pair.kind, verdict.passed != pair.right);
            ie_rates.entry((side, pair.right)).or_default().add(&pair.kind, (ie_score >= pair.threshold) != pair.right);
        }
        if verdict.passed != pair.right {
            misses.push_str(&format!("{} {} {:?} {}\n", pair.kind, pair.source, verdict.score, verdict.reason));
        }
    }
    for ((side, right), rates) in &rates {
        let title = format!("{side}, {}", if *right { "right outputs that fail" } else { "wrong outputs that pass" });
        rates.print(&title, &mut out);
        let _ = writeln!(out, "  (the incumbent: {:.2} %)", ie_rates[&(*side, *right)].macro_rate());
    }
    let _ = writeln!(out, "largest difference to the incumbent's recorded scores: {worst_difference:e}");
    assert!(worst_difference < 1e-9, "the incumbent's score differs by {worst_difference}");
    for ((side, right), rates) in &rates {
        assert!(rates.macro_rate() <= 2.0, "{side}, right={right}: {:.2} %\n{misses}", rates.macro_rate());
    }
}
