//! Kinds of right and wrong outputs made from an expectation, to measure the judge on outputs that nobody tuned it for.
//!
//! Every third kind is held out: its misses are counted but never shown, so that nobody tunes the judge to them.

use regex::{Captures, Regex};
use serde_json::{Map, Value, json};

use super::marks::Lines;
use super::rules::Rules;
use super::shape::{Shape, shape};
use super::{json as json_judge, table, text, veto};

/// A small generator of numbers (SplitMix64), so that every run measures the same.
pub(super) struct Dice(pub u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % sides.max(1) as u64) as usize
    }

    fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.roll(items.len())]
    }

    fn letters(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b"abcdefghkmnpqrstuvwz23456789"[self.roll(28)])).collect()
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.roll(at + 1));
        }
    }
}

/// Makes one output from an expected text; none when the kind does not fit it.
pub(super) type Make = fn(&str, &mut Dice) -> Option<String>;

/// A kind of output: its name, whether it is right, how it is made.
pub(super) struct Kind {
    pub name: &'static str,
    pub right: bool,
    pub make: Make,
}

const fn right(name: &'static str, make: Make) -> Kind {
    Kind { name, right: true, make }
}

const fn wrong(name: &'static str, make: Make) -> Kind {
    Kind { name, right: false, make }
}

pub(super) const KINDS: [Kind; 116] = [
    right("renamed", renamed),
    right("filled gaps", filled),
    right("other regions", |t, d| {
        Some(swap(
            t,
            r"(?i)\b(?:eastus2?|westus[23]?|westeurope|centralindia|australiaeast|canadacentral|West Europe|East US)\b",
            &["northeurope", "Sweden Central", "uksouth"],
            d,
        ))
    }),
    right("other ids and times", volatile),
    right("other versions", |t, d| {
        changed(t, replace(t, r"\b(v?\d+)\.(\d+)\.(\d+)\b", |c| format!("{}.{}.{}", &c[1], d.roll(40), d.roll(30))))
    }),
    right("other ages", |t, d| {
        changed(
            t,
            replace(t, r"(?m)(\s)(\d+[smhd](?:\d+[smhd])?)\b", |c| {
                format!("{}{}{}", &c[1], 1 + d.roll(50), d.pick(&["s", "m", "h", "d", "d4h"]))
            }),
        )
    }),
    right("null members added", |t, d| {
        json_map(t, d, &mut |members, _| {
            members.insert("extendedLocation2".into(), Value::Null);
            members.insert("zonalPolicy".into(), Value::Null);
        })
    }),
    right("null members dropped", |t, d| json_map(t, d, &mut |members, _| members.retain(|_, value| !value.is_null()))),
    right("members added", |t, d| {
        json_map(t, d, &mut |members, _| {
            members.insert("systemData".into(), json!({"createdBy": "a@b.c", "createdByType": "User"}));
            members.insert("resourceVersion".into(), json!(17));
        })
    }),
    right("members reordered", |t, d| {
        json_map(t, d, &mut |members, dice| {
            let mut all: Vec<_> = std::mem::take(members).into_iter().collect();
            dice.shuffle(&mut all);
            members.extend(all);
        })
    }),
    right("compact JSON", |t, _| Some(parsed(t)?.iter().map(Value::to_string).collect::<Vec<_>>().join("\n"))),
    right("wide JSON", |t, _| {
        Some(
            parsed(t)?
                .iter()
                .map(|value| serde_json::to_string_pretty(value).unwrap_or_default().replace("  ", "\t"))
                .collect::<Vec<_>>()
                .join("\n"),
        )
    }),
    right("entries reordered", |t, d| {
        json_walk(t, d, &mut |value, dice| {
            if let Value::Array(items) = value {
                dice.shuffle(items)
            }
        })
    }),
    right("az warning before", |t, _| {
        Some(format!("WARNING: The behavior of this command has been altered by the following extension: aks-preview\n{t}"))
    }),
    right("client warning before", |t, _| {
        Some(format!("Warning: v1 ComponentStatus is deprecated in v1.19+, unavailable in v1.25+; use v2 instead\n{t}"))
    }),
    right("python warning before", |t, _| {
        Some(format!("/usr/lib/python3/site-packages/x.py:12: DeprecationWarning: pkg is deprecated\n{t}"))
    }),
    right("colours", |t, _| Some(t.lines().map(|line| format!("\u{1b}[32m{line}\u{1b}[0m\n")).collect())),
    right("carriage returns", |t, _| Some(t.replace('\n', "\r\n"))),
    right("text after", |t, _| Some(format!("{t}\nDone in 3.2s. See the documentation for what comes next.\n"))),
    right("progress before", |t, _| Some(format!("Resolving 10%\rResolving 55%\rResolving 100%\n{t}"))),
    right("rows reordered", |t, d| {
        with_table(t, |_, rows| {
            rows.reverse();
            let _ = d;
            rows.len() > 1
        })
    }),
    right("more columns", |t, _| {
        with_table(t, |header, rows| {
            header.push("EXTRA-COLUMN".into());
            rows.iter_mut().for_each(|row| row.push("<none>".into()));
            true
        })
    }),
    right("other columns first", |t, _| {
        with_table(t, |header, rows| {
            header.rotate_right(1);
            rows.iter_mut().for_each(|row| row.rotate_right(1));
            true
        })
    }),
    right("one more row", |t, _| {
        with_table(t, |_, rows| {
            let last = rows.last().cloned();
            rows.extend(last);
            !rows.is_empty()
        })
    }),
    right("collapsed white space", |t, _| {
        Some(t.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect())
    }),
    right("wrapped lines", |t, _| parsed(t).is_none().then(|| wrapped(t, 60))),
    right("other key case", |t, d| {
        json_map(t, d, &mut |members, _| {
            *members = std::mem::take(members)
                .into_iter()
                .map(|(key, value)| (key.replace("ID", "Id").replace("GB", "Gb").replace("IP", "Ip").replace("RBAC", "Rbac"), value))
                .collect();
        })
    }),
    right("envelope dropped", |t, d| {
        json_map(t, d, &mut |members, _| {
            if let Some(Value::Object(inner)) = members.remove("properties") {
                members.extend(inner);
            }
        })
    }),
    right("envelope added", |t, _| {
        let all = parsed(t)?;
        let members = all.first()?.as_object()?;
        if members.contains_key("properties") || all.len() > 1 {
            return None;
        }
        let mut outer = Map::new();
        let mut inner = Map::new();
        for (key, value) in members {
            if matches!(key.as_str(), "id" | "name" | "type" | "location" | "tags") {
                outer.insert(key.clone(), value.clone());
            } else {
                inner.insert(key.clone(), value.clone());
            }
        }
        outer.insert("properties".into(), Value::Object(inner));
        Some(Value::Object(outer).to_string())
    }),
    right("other sizes", |t, d| changed(t, replace(t, r"\b(\d+)(Mi|Gi|Ki|k|KB|MB|GB|m)\b", |c| format!("{}{}", 1 + d.roll(900), &c[2])))),
    right("time stamps before lines", |t, d| {
        parsed(t)
            .is_none()
            .then(|| t.lines().map(|line| format!("2026-01-{:02}T00:00:0{}Z {line}\n", 1 + d.roll(28), d.roll(10))).collect())
            .filter(|_| !has_table(t))
    }),
    right("lines repeated", |t, _| parsed(t).is_none().then(|| t.lines().map(|line| format!("{line}\n{line}\n")).collect())),
    right("applied again", |t, _| changed(t, replace(t, r"(?m)^(\S+/\S+) created$", |c| format!("{} unchanged", &c[1])))),
    right("finished meanwhile", |t, _| changed(t, replace(t, r#""(Creating|Updating|Registering)""#, |_| "\"Succeeded\"".to_owned()))),
    right("all of it at once", |t, d| {
        filled(t, d)
            .and_then(|t| volatile(&t, d).or(Some(t)))
            .and_then(|t| renamed(&t, d).or(Some(t)))
            .map(|t| format!("WARNING: in preview\n{t}\n"))
    }),
    right("notice in another language", |t, _| Some(format!("Aviso: se ha actualizado la configuración regional.\n{t}"))),
    right("listed as one", |t, _| {
        let all = parsed(t)?;
        (all.len() == 1 && all[0].is_object()).then(|| Value::Array(all).to_string())
    }),
    right("other counts", |t, d| {
        json_walk(t, d, &mut |value, dice| {
            if value.is_u64() {
                *value = json!(1 + dice.roll(200))
            }
        })
    }),
    right("secrets masked", |t, _| {
        changed(t, replace(t, r#"("(?:primaryKey|secondaryKey|password|connectionString|csr)": )"[^"]+""#, |c| format!("{}\"***\"", &c[1])))
    }),
    // Wrong ones.
    wrong("another type", |t, d| {
        json_walk(t, d, &mut |value, _| {
            if let Some(Value::String(kind)) = value.as_object_mut().and_then(|m| m.get_mut("type")) {
                *kind = "Microsoft.Web/serverfarms".to_owned();
            }
        })
    }),
    wrong("another type in ids", |t, d| {
        changed(t, swap(t, r"(?i)providers/Microsoft\.[A-Za-z]+/[A-Za-z]+", &["providers/Microsoft.Sql/servers"], d))
            .filter(|_| parsed(t).is_some_and(|all| all[0]["id"].as_str().is_some_and(|id| id.contains("/providers/"))))
    }),
    wrong("another kind", |t, _| changed(t, replace(t, r"(?m)^kind: (\w+)$", |_| "kind: Event".to_owned()))),
    wrong("unseen state", |t, d| states(t, d, &["Wedged", "Quarantined", "Stuck", "Halted"])),
    wrong("failed state", |t, d| states(t, d, &["Failed", "Canceled", "Error"])),
    wrong("unfinished state", |t, d| states(t, d, &["Creating", "Updating", "Deleting", "Pending"])),
    wrong("one truth flipped", |t, d| {
        let mut left = 1;
        json_walk(t, d, &mut |value, _| {
            if let (Value::Bool(truth), 1) = (&mut *value, left) {
                *truth = !*truth;
                left = 0;
            }
        })
    }),
    wrong("all truths flipped", |t, d| {
        json_walk(t, d, &mut |value, _| {
            if let Value::Bool(truth) = value {
                *truth = !*truth
            }
        })
    }),
    wrong("opposite constants", |t, _| opposite(t)),
    wrong("az error in the middle", |t, _| {
        inserted(t, "ERROR: (AuthorizationFailed) The client 'a' with object id 'b' does not have authorization to perform action 'c'.", 2)
    }),
    wrong("kubectl error in the middle", |t, _| {
        inserted(t, "Error from server (Forbidden): pods is forbidden: User \"x\" cannot list resource \"pods\"", 2)
    }),
    wrong("traceback at the end", |t, _| {
        inserted(t, "Traceback (most recent call last):\n  File \"/app/x.py\", line 3, in <module>\n    main()\nKeyError: 'id'", 1)
    }),
    wrong("half, then an error", |t, d| {
        let error = d.pick(&[
            "The deployment could not be completed.",
            "connection reset by peer",
            "Operation failed with status: 'Conflict'.",
            "panic: runtime error: index out of range [3]",
        ]);
        first(t, 2).map(|half| format!("{half}{error}\n"))
    }),
    wrong("first third", |t, _| (t.lines().count() >= 6).then(|| first(t, 3)).flatten()),
    wrong("first line", |t, _| (t.lines().count() >= 4).then(|| t.lines().next().map(str::to_owned)).flatten()),
    wrong("JSON cut at half", |t, _| parsed(t).and_then(|_| cut(t, 50))),
    wrong("JSON cut near the end", |t, _| parsed(t).and_then(|_| cut(t, 85))),
    wrong("not found page", |_, _| {
        Some("<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head>\n<body><h1>Not Found</h1><p>The requested URL was not found on this server.</p></body></html>".into())
    }),
    wrong("unavailable headers", |_, _| {
        Some("HTTP/1.1 503 Service Unavailable\ncontent-length: 91\ncontent-type: text/plain\ndate: Thu, 01 Jan 2026 00:00:00 GMT\nserver: envoy\n\nupstream connect error or disconnect/reset before headers".into())
    }),
    wrong("login page", |_, _| {
        Some("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sign in to your account</title></head><body><form>Email, phone, or Skype</form></body></html>".into())
    }),
    wrong("java stack", |_, _| {
        Some("Exception in thread \"main\" java.lang.IllegalStateException: no context\n\tat com.example.App.main(App.java:12)\nCaused by: java.io.IOException: closed\n\t... 3 more".into())
    }),
    wrong("go panic", |_, _| {
        Some("panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation]\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:10 +0x1d\nexit status 2".into())
    }),
    wrong("node stack", |_, _| {
        Some("node:internal/modules/cjs/loader:1080\n  throw err;\n  ^\n\nError: Cannot find module 'express'\n    at Module._resolveFilename (node:internal/modules/cjs/loader:1077:15)\n  code: 'MODULE_NOT_FOUND'".into())
    }),
    wrong("az usage", |_, _| {
        Some("usage: az aks create [-h] [--verbose] [--debug] --name NAME\n                     --resource-group RESOURCE_GROUP_NAME\naz aks create: error: the following arguments are required: --resource-group/-g".into())
    }),
    wrong("kubectl help", |_, _| {
        Some("kubectl controls the Kubernetes cluster manager.\n\n Find more information at: https://kubernetes.io/docs/reference/kubectl/\n\nBasic Commands (Beginner):\n  create          Create a resource from a file or from stdin\n  expose          Take a replication controller, service, deployment or pod\n  run             Run a particular image on the cluster\n\nUsage:\n  kubectl [flags] [options]".into())
    }),
    wrong("permission denied", |_, _| Some("mkdir: cannot create directory '/data': Permission denied".into())),
    wrong("command not found", |_, d| {
        Some(format!("bash: line {}: {}: command not found", 1 + d.roll(9), d.pick(&["az", "kubectl", "jq", "helm"])))
    }),
    wrong("nothing listed", |_, d| {
        Some(d.pick(&["[]", "{\n  \"value\": []\n}", "No resources found in default namespace.", "null", "{\"items\": []}"]).into())
    }),
    wrong("only the header", |t, _| {
        with_table(t, |_, rows| {
            rows.clear();
            true
        })
    }),
    wrong("a row crashing", |t, d| cell(t, d, "STATUS", &["CrashLoopBackOff", "ImagePullBackOff", "Error", "Evicted", "NotReady"])),
    wrong("a row in an unseen state", |t, d| cell(t, d, "STATUS", &["Marooned", "Wedged"])),
    wrong("a row not ready", |t, d| cell(t, d, "READY", &["0/1", "0/3"])),
    wrong("a row pending", |t, d| cell(t, d, "STATUS", &["Pending", "ContainerCreating", "Init:0/2", "Terminating"])),
    wrong("values rotated", rotated),
    wrong("all values other words", |t, d| {
        json_walk(t, d, &mut |value, dice| {
            if let Value::String(text) = value {
                *text = dice.pick(&["apple", "Pear", "plum-tree", "Quince jam"]).to_owned()
            }
        })
    }),
    wrong("members renamed", |t, d| {
        json_map(t, d, &mut |members, dice| {
            *members = std::mem::take(members).into_iter().map(|(_, value)| (dice.letters(8), value)).collect()
        })
    }),
    wrong("members emptied", |t, d| {
        json_walk(t, d, &mut |value, _| {
            if !value.is_object() && !value.is_array() {
                *value = Value::Null
            }
        })
    }),
    wrong("one word", |t, d| {
        (t.split_whitespace().count() > 1).then(|| d.pick(&["null", "true", "0", "None", "OK", "done", "1.2.3"]).into())
    }),
    wrong("terraform error", |_, _| {
        Some("╷\n│ Error: Failed to query available provider packages\n│\n│ Could not retrieve the list of available versions for provider hashicorp/azurerm\n╵".into())
    }),
    wrong("helm error", |_, _| Some("Error: INSTALLATION FAILED: cannot re-use a name that is still in use".into())),
    wrong("database error", |_, _| {
        Some("psql: error: connection to server at \"db\" (10.0.0.4), port 5432 failed: FATAL:  password authentication failed for user \"app\"".into())
    }),
    wrong("docker error", |_, _| {
        Some("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?".into())
    }),
    wrong("ssh error", |_, _| Some("ssh: connect to host 20.1.2.3 port 22: Connection timed out".into())),
    wrong("package error", |_, _| {
        Some("Reading package lists... Done\nBuilding dependency tree... Done\nE: Unable to locate package azure-vote".into())
    }),
    wrong("words shuffled", |t, d| {
        let mut all: Vec<&str> = t.split_whitespace().collect();
        (all.len() >= 8 && !has_table(t)).then(|| {
            d.shuffle(&mut all);
            all.join(" ")
        })
    }),
    wrong("lorem ipsum", |_, _| {
        Some(
            "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore magna aliqua."
                .into(),
        )
    }),
    wrong("error objects", |_, d| {
        Some(d.pick(&[r#"{"code": "Conflict", "message": "The operation is in progress."}"#, r#"{"error": "invalid_grant", "error_description": "AADSTS70043: expired"}"#, r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"pods \"x\" is forbidden","reason":"Forbidden","code":403}"#, r#"{"odata.error": {"code": "Request_ResourceNotFound", "message": {"value": "x"}}}"#, r#"{"type":"https://example.com/p","title":"Too Many Requests","status":429}"#]).into())
    }),
    wrong("sign-in prompt", |_, _| {
        Some(
            "To sign in, use a web browser to open the page https://example.com/devicelogin and enter the code ABCD1234 to authenticate."
                .into(),
        )
    }),
    wrong("question", |_, _| Some("Are you sure you want to perform this operation? (y/n): ".into())),
    wrong("other verb", |t, d| {
        let verb = d.pick(&["deleted", "failed", "invalid", "skipped"]);
        changed(t, replace(t, r"(?m)^(\S+/\S+) (?:created|exposed|patched|configured)$", |c| format!("{} {verb}", &c[1])))
    }),
    // A second batch, written after the judge had been tuned to the first.
    right("log lines between", |t, d| {
        parsed(t).is_none().then(|| {
            t.lines()
                .map(|line| {
                    format!(
                        "{line}\n{}",
                        if d.roll(3) == 0 && !has_table(t) {
                            "I0101 10:00:00.000000       1 main.go:7] \"reconciling\" retry=2\n"
                        } else {
                            ""
                        }
                    )
                })
                .collect()
        })
    }),
    right("indented", |t, _| Some(t.lines().map(|line| format!("    {line}\n")).collect())),
    right("tabs for gaps", |t, _| with_table(t, |_, rows| !rows.is_empty()).map(|t| replace(&t, r" {3,}", |_| "\t".to_owned()))),
    right("non-breaking spaces", |t, _| parsed(t).is_none().then(|| t.replace("  ", "\u{a0}\u{a0}"))),
    right("quoted numbers", |t, d| {
        json_walk(t, d, &mut |value, _| {
            if value.is_u64() {
                *value = json!(value.to_string())
            }
        })
    }),
    right("empty for null", |t, d| {
        json_map(t, d, &mut |members, _| members.values_mut().filter(|value| value.is_null()).for_each(|value| *value = json!("")))
    }),
    right("longer list", |t, _| {
        let all = parsed(t)?;
        let mut items = all.first()?.as_array()?.clone();
        let mut extra = items.first()?.clone();
        *extra.as_object_mut()?.get_mut("name")? = json!("another1");
        items.insert(0, extra);
        Some(Value::Array(items).to_string())
    }),
    right("two documents", |t, _| {
        parsed(t).filter(|all| all.len() == 1).map(|all| format!("{{\"name\": \"earlier\", \"count\": 1}}\n{}", all[0]))
    }),
    right("value envelope", |t, _| {
        let all = parsed(t)?;
        all.first()?.is_array().then(|| json!({"value": all[0], "nextLink": null}).to_string())
    }),
    right("clock in other format", |t, _| {
        changed(t, replace(t, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?", |_| "2026-03-04T05:06:07.1234567Z".to_owned()))
    }),
    right("progress meter before", |t, _| {
        Some(format!(
            "  % Total    % Received % Xferd  Average Speed   Time\n100   615  100   615    0     0  30750      0 --:--:-- --:--:-- --:--:-- 32368\n{t}"
        ))
    }),
    wrong("one of several states", |t, d| {
        let mut seen = 0;
        json_walk(t, d, &mut |value, _| {
            if let Value::Object(members) = value {
                for (key, state) in members.iter_mut() {
                    if (key.ends_with("State") || key == "status" || key == "Status") && state.is_string() {
                        seen += 1;
                        if seen == 2 {
                            *state = json!("Impaired");
                        }
                    }
                }
            }
        })
    }),
    wrong("shell in another language", |_, d| {
        Some(
            d.pick(&[
                "bash: az: orden no encontrada",
                "-bash: kubectl : commande introuvable",
                "ls: no se puede acceder a 'x': No existe el fichero o el directorio",
                "cat: x: Keine Berechtigung",
            ])
            .into(),
        )
    }),
    wrong("shell complaint in the middle", |t, d| {
        inserted(
            t,
            d.pick(&[
                "bash: line 12: jq: command not found",
                "/bin/sh: 1: az: not found",
                "cat: /etc/x: No such file or directory",
                "mv: cannot stat 'a': No such file or directory",
            ]),
            2,
        )
    }),
    wrong("http failure in the middle", |t, d| {
        inserted(
            t,
            d.pick(&[
                "HTTP/1.1 401 Unauthorized",
                "curl: (28) Operation timed out after 5001 milliseconds",
                "Unexpected status code: 502",
                "<h1>503 Service Temporarily Unavailable</h1>",
            ]),
            2,
        )
    }),
    wrong("another truth in text", |t, _| changed(t, replace(t, r"\bTrue\b", |_| "False".to_owned()))),
    wrong("address pending", |t, d| cell(t, d, "EXTERNAL-IP", &["<pending>"]).filter(|_| !t.contains("pending"))),
    wrong("quota", |_, _| {
        Some("(QuotaExceeded) Operation could not be completed as it results in exceeding approved standardDSv3Family Cores quota.\nCode: QuotaExceeded\nMessage: Operation could not be completed as it results in exceeding approved quota.".into())
    }),
    wrong("image failure events", |_, _| {
        Some("LAST SEEN   TYPE      REASON   OBJECT      MESSAGE\n2m          Warning   Failed   pod/web-1   Error: ErrImagePull\n2m          Normal    BackOff  pod/web-1   Back-off pulling image \"web:9\"".into())
    }),
    wrong("weather", |_, _| Some("The weather is fine today, and the ships in the harbour have all been painted green.".into())),
    wrong("process list", |_, _| {
        Some("    PID TTY          TIME CMD\n   1234 pts/0    00:00:00 bash\n   1301 pts/0    00:00:00 ps".into())
    }),
    wrong("directory list", |_, _| {
        Some(
            "total 12\n-rw-r--r-- 1 root root  120 Jan  1 00:00 deployment.yaml\n-rw-r--r-- 1 root root  220 Jan  1 00:00 service.yaml"
                .into(),
        )
    }),
    wrong("version", |_, _| {
        Some("azure-cli                         2.91.0\n\ncore                              2.91.0\ntelemetry                          1.1.0".into())
    }),
    wrong("account", |_, _| {
        Some("{\n  \"environmentName\": \"AzureCloud\",\n  \"homeTenantId\": \"8b2bb50b-e584-4a5d-afa5-113b8f1b1a42\",\n  \"id\": \"8b2bb50b-e584-4a5d-afa5-113b8f1b1a43\",\n  \"isDefault\": true,\n  \"name\": \"Pay as you go\",\n  \"state\": \"Enabled\",\n  \"user\": {\n    \"name\": \"a@b.c\",\n    \"type\": \"user\"\n  }\n}".into())
    }),
    wrong("event object", |_, _| {
        Some("{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Event\",\n  \"metadata\": {\"name\": \"web.17\", \"namespace\": \"default\"},\n  \"reason\": \"Killing\",\n  \"type\": \"Normal\"\n}".into())
    }),
    wrong("retired", |_, _| {
        Some("The command 'az aks foo' has been retired and is not available any more. Use 'az aks bar' instead.".into())
    }),
    wrong("control characters", |_, _| Some("\u{1b}[2J\u{1b}[H\u{7}\u{8}\u{0}\u{fffd}\u{fffd}".into())),
];

/// The kinds for which a document that shows only gaps, or an error, has no wrong answer of ours.
pub(super) fn fits(kind: &Kind, expected: &str) -> bool {
    let shows_failure = veto::alarms(expected, |_| false).strong.is_some();
    kind.right
        || !shows_failure
            && !text::compare_texts(expected, "anything at all", &Rules::default(), false).only_gaps
            && !expected.trim().trim_matches(['{', '}', '[', ']', '.', ' ', '\n']).is_empty()
}

fn parsed(text: &str) -> Option<Vec<Value>> {
    json_judge::expected(text)
        .map(|found| found.values)
        .filter(|values| values.iter().any(|value| !value.as_object().is_some_and(Map::is_empty)))
}

fn changed(before: &str, after: String) -> Option<String> {
    (after != before).then_some(after)
}

fn replace(text: &str, pattern: &str, mut with: impl FnMut(&Captures<'_>) -> String) -> String {
    Regex::new(pattern).expect("constant pattern").replace_all(text, |captures: &Captures<'_>| with(captures)).into_owned()
}

fn swap(text: &str, pattern: &str, with: &[&str], dice: &mut Dice) -> String {
    replace(text, pattern, |_| dice.pick(with).to_owned())
}

fn is_html(text: &str) -> bool {
    super::words::is_markup(text) || text.contains("</")
}

fn renamed(text: &str, dice: &mut Dice) -> Option<String> {
    if is_html(text) {
        return None;
    }
    let mut names = std::collections::HashMap::new();
    let after = replace(text, r"[0-9a-zA-Z]{8}-[0-9a-zA-Z]{4}-[0-9a-zA-Z-]+|[0-9A-Za-z][A-Za-z0-9_-]*", |captures| {
        let word = &captures[0];
        // Constants with a digit are nobody's names.
        if matches!(word, "StorageV2" | "IPv4" | "IPv6") || word.starts_with(|c: char| c.is_ascii_digit()) || shape(word) == Shape::Guid {
            return word.to_owned();
        }
        let chosen = shape(word) == Shape::Name
            && !word.contains("Standard")
            && word.bytes().filter(u8::is_ascii_digit).count() >= 1
            && word.len() >= 6
            && !word.contains("API")
            && !word.starts_with("TLS");
        let mine = word.to_lowercase().starts_with("my") && word.len() > 4;
        if chosen || mine {
            names.entry(word.to_owned()).or_insert_with(|| format!("prod{}", dice.letters(6))).clone()
        } else {
            word.to_owned()
        }
    });
    changed(text, after)
}

fn filled(text: &str, dice: &mut Dice) -> Option<String> {
    if is_html(text) {
        return None;
    }
    let after = replace(text, r"(?m)[xX]{3,}", |captures| dice.letters(captures[0].len()));
    let after = replace(&after, r"\bxx(?:\.xx){3}\b", |_| format!("20.{}.7.{}", dice.roll(250), dice.roll(250)));
    let after = replace(&after, r"\$\{?[A-Z][A-Z0-9_]+\}?", |_| format!("value{}", dice.letters(4)));
    let after = replace(&after, r"<(?:[a-zA-Z][\w -]+)>", |captures| {
        if matches!(&captures[0], "<none>" | "<pending>" | "<unknown>") { captures[0].to_owned() } else { dice.letters(9) }
    });
    let after = replace(&after, r#"(?m)^(\s*)\.\.\.,?$"#, |captures| format!("{}\"somethingMore{}\": 5,", &captures[1], dice.roll(99)));
    let after = if parsed(text).is_some() && serde_json::from_str::<Value>(&after).is_err() { return None } else { after };
    changed(text, after)
}

fn volatile(text: &str, dice: &mut Dice) -> Option<String> {
    let hex = |count: usize, dice: &mut Dice| (0..count).map(|_| char::from(b"0123456789abcdef"[dice.roll(16)])).collect::<String>();
    let after = replace(text, r"\b[0-9a-fA-F]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", |_| {
        format!("{}-{}-{}-{}-{}", hex(8, dice), hex(4, dice), hex(4, dice), hex(4, dice), hex(12, dice))
    });
    let after = replace(&after, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", |_| {
        format!("2026-0{}-1{}T0{}:1{}:2{}", 1 + dice.roll(9), dice.roll(9), dice.roll(9), dice.roll(9), dice.roll(9))
    });
    let after = replace(&after, r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b", |_| {
        format!("10.{}.{}.{}", dice.roll(250), dice.roll(250), dice.roll(250))
    });
    let after = replace(&after, r"\b[0-9a-f]{10,}\b", |captures| hex(captures[0].len(), dice));
    changed(text, after)
}

fn json_walk(text: &str, dice: &mut Dice, change: &mut dyn FnMut(&mut Value, &mut Dice)) -> Option<String> {
    fn walk(value: &mut Value, dice: &mut Dice, change: &mut dyn FnMut(&mut Value, &mut Dice)) {
        change(value, dice);
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| walk(item, dice, change)),
            Value::Object(members) => members
                .iter_mut()
                .filter(|(key, _)| !matches!(key.as_str(), "tags" | "systemData" | "nodeLabels" | "settings" | "config"))
                .for_each(|(_, item)| walk(item, dice, change)),
            _ => {}
        }
    }
    let before = parsed(text)?;
    let mut after = before.clone();
    after.iter_mut().for_each(|value| walk(value, dice, change));
    (before.iter().map(Value::to_string).ne(after.iter().map(Value::to_string)))
        .then(|| after.iter().map(|value| serde_json::to_string_pretty(value).unwrap_or_default()).collect::<Vec<_>>().join("\n"))
}

fn json_map(text: &str, dice: &mut Dice, change: &mut dyn FnMut(&mut Map<String, Value>, &mut Dice)) -> Option<String> {
    json_walk(text, dice, &mut |value, dice| {
        if let Value::Object(members) = value {
            change(members, dice);
        }
    })
}

fn has_table(text: &str) -> bool {
    !table::find(&Lines::of(text)).is_empty()
}

/// Changes the only table of a text and prints it anew, as kubectl would.
fn with_table(text: &str, mut change: impl FnMut(&mut Vec<String>, &mut Vec<Vec<String>>) -> bool) -> Option<String> {
    let lines = Lines::of(text);
    let mut tables = table::find(&lines);
    let table = (tables.len() == 1).then(|| tables.remove(0))?;
    let owned = |cells: &Vec<&str>| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<String>>();
    let mut header = owned(&table.header);
    let mut rows: Vec<Vec<String>> = table.rows.iter().map(owned).collect();
    if rows.iter().any(|row| row.len() != header.len()) || rows.is_empty() || table.elided || !change(&mut header, &mut rows) {
        return None;
    }
    let ruled = lines.get(table.lines.0 + 1).is_some_and(|line| line.trim_start().starts_with("---"));
    let mut all = vec![header];
    if ruled {
        all.push(all[0].iter().map(|name| "-".repeat(name.chars().count().max(3))).collect());
    }
    all.append(&mut rows);
    let widths: Vec<usize> = (0..all[0].len()).map(|at| all.iter().map(|row| row[at].chars().count()).max().unwrap_or(0)).collect();
    let mut out: String = lines[..table.lines.0].iter().map(|line| format!("{line}\n")).collect();
    for row in all {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        out.push_str(cells.join("   ").trim_end());
        out.push('\n');
    }
    out.extend(lines[table.lines.1..].iter().map(|line| format!("{line}\n")));
    Some(out)
}

fn cell(text: &str, dice: &mut Dice, column: &str, values: &[&str]) -> Option<String> {
    with_table(text, |header, rows| {
        let Some(at) =
            header.iter().position(|name| name.eq_ignore_ascii_case(column) || column == "STATUS" && name == "ProvisioningState")
        else {
            return false;
        };
        let row = dice.roll(rows.len());
        let value = if column == "READY" && !rows[row][at].contains('/') { "0" } else { dice.pick(values) };
        let differs = rows[row][at] != value && !matches!(rows[row][at].as_str(), "0" | "0/1" | "Pending");
        rows[row][at] = value.to_owned();
        differs
    })
}

fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut column = 0;
        for word in line.split_inclusive(' ') {
            if column + word.len() > width && column > 0 {
                out.push('\n');
                column = 0;
            }
            out.push_str(word);
            column += word.len();
        }
        out.push('\n');
    }
    out
}

fn states(text: &str, dice: &mut Dice, values: &[&str]) -> Option<String> {
    let word = dice.pick(values);
    let pattern = r#"(?m)("(?:\w*[sS]tate|[sS]tatus|[pP]hase)"\s*:\s*)"(Succeeded|Running|running|Active|active|Enabled|enabled|completed|VM running|Ready|available|Registered)""#;
    let after = replace(text, pattern, |captures| format!("{}\"{word}\"", &captures[1]));
    let after =
        replace(&after, r"(?m)^(STATUS|Status|State|Phase):(\s+)(\w+)$", |captures| format!("{}:{}{word}", &captures[1], &captures[2]));
    changed(text, after)
}

fn opposite(text: &str) -> Option<String> {
    const PAIRS: [(&str, &str); 7] = [
        ("Allow", "Deny"),
        ("Enabled", "Disabled"),
        ("Linux", "Windows"),
        ("Static", "Dynamic"),
        ("Inbound", "Outbound"),
        ("Free", "Premium"),
        ("Hot", "Archive"),
    ];
    let mut after = text.to_owned();
    for (left, right) in PAIRS {
        after = after.replace(&format!(": \"{left}\""), &format!(": \"{right}\""));
    }
    changed(text, after)
}

fn inserted(text: &str, error: &str, part: usize) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.len() / part;
    Some(lines[..at].iter().copied().chain([error]).chain(lines[at..].iter().copied()).map(|line| format!("{line}\n")).collect())
}

fn first(text: &str, part: usize) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    (lines.len() >= part).then(|| lines[..lines.len() / part].iter().map(|line| format!("{line}\n")).collect())
}

fn cut(text: &str, per_cent: usize) -> Option<String> {
    let mut at = text.len() * per_cent / 100;
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    (text.len() > 60).then(|| text[..at].to_owned())
}

/// Gives every text member of the outermost object its neighbour's value.
fn rotated(text: &str, dice: &mut Dice) -> Option<String> {
    let _ = &dice;
    let mut all = parsed(text)?;
    let members = all.first_mut()?.as_object_mut()?;
    let keys: Vec<String> = members.iter().filter(|(_, value)| value.is_string()).map(|(key, _)| key.clone()).collect();
    if keys.len() < 3 || !keys.iter().any(|key| key == "type" || key.to_lowercase().ends_with("state")) {
        return None;
    }
    let mut values: Vec<Value> = keys.iter().map(|key| members[key].clone()).collect();
    values.rotate_right(1);
    for (key, value) in keys.iter().zip(values) {
        members.insert(key.clone(), value);
    }
    Some(all.iter().map(Value::to_string).collect::<Vec<_>>().join("\n"))
}
