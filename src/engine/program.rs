//! Whether a command that was not found is a slip of the document, and not a program that this machine lacks. Pure.
//!
//! A misspelt name and the inside of a here-document whose first line was lost are “not found” to bash as any program is that is not
//! installed. Here is what tells them apart; where nothing does, the program is taken to be lacking.

use std::collections::BTreeSet;

use crate::bash::Script;

/// Commands that documents call often: what a slip is a slip of. Shorter names have too many neighbours.
const COMMANDS: &[&str] = &[
    "actionlint",
    "alias",
    "ansible",
    "ansible-playbook",
    "apt-get",
    "apt-key",
    "argo",
    "argocd",
    "aria2c",
    "azcopy",
    "azwi",
    "base64",
    "basename",
    "bash",
    "bazel",
    "bicep",
    "break",
    "brew",
    "buildah",
    "bundle",
    "busybox",
    "bzip2",
    "calicoctl",
    "cargo",
    "cfssl",
    "cfssljson",
    "chgrp",
    "chmod",
    "chown",
    "clusterctl",
    "cmake",
    "cmctl",
    "code",
    "column",
    "comm",
    "command",
    "composer",
    "conda",
    "consul",
    "containerd",
    "continue",
    "copilot",
    "cosign",
    "cqlsh",
    "crane",
    "crictl",
    "crontab",
    "curl",
    "dapr",
    "dash",
    "date",
    "declare",
    "deno",
    "diff",
    "dirname",
    "dmesg",
    "docker",
    "docker-compose",
    "dotnet",
    "dpkg",
    "echo",
    "egrep",
    "eksctl",
    "emacs",
    "envoy",
    "envsubst",
    "etcdctl",
    "eval",
    "exec",
    "exit",
    "expect",
    "export",
    "expr",
    "faas-cli",
    "false",
    "ffmpeg",
    "fgrep",
    "file",
    "find",
    "flux",
    "fluxctl",
    "flyway",
    "fold",
    "free",
    "func",
    "gatsby",
    "gawk",
    "gcloud",
    "getopts",
    "glooctl",
    "gnuplot",
    "gradle",
    "grep",
    "groupadd",
    "grpcurl",
    "grype",
    "gsutil",
    "gunzip",
    "gzip",
    "hash",
    "head",
    "helm",
    "helmfile",
    "host",
    "hostname",
    "htop",
    "http",
    "hubble",
    "hugo",
    "iftop",
    "influx",
    "inspektor-gadget",
    "install",
    "iostat",
    "iotedge",
    "iperf",
    "iperf3",
    "iptables",
    "istioctl",
    "java",
    "javac",
    "jekyll",
    "join",
    "journalctl",
    "jupyter",
    "just",
    "k8sgpt",
    "kafka-console-consumer",
    "kafka-console-producer",
    "kafka-topics",
    "kcat",
    "keda",
    "keytool",
    "kill",
    "kind",
    "kmcp",
    "kompose",
    "kops",
    "krew",
    "ksniff",
    "kubeadm",
    "kubecfg",
    "kubeconform",
    "kubectl",
    "kubectx",
    "kubelogin",
    "kubens",
    "kubent",
    "kubescape",
    "kubeseal",
    "kubespy",
    "kubeval",
    "kustomize",
    "less",
    "lftp",
    "linkerd",
    "local",
    "locust",
    "lsb_release",
    "lsblk",
    "lscpu",
    "lsof",
    "lynx",
    "make",
    "mapfile",
    "md5sum",
    "meshctl",
    "microk8s",
    "minikube",
    "mkdir",
    "mktemp",
    "mongo",
    "mongod",
    "mongodump",
    "mongoimport",
    "mongosh",
    "more",
    "mount",
    "mpstat",
    "mssql-cli",
    "mysql",
    "mysqladmin",
    "mysqldump",
    "nano",
    "nats",
    "ncat",
    "netcat",
    "netstat",
    "nginx",
    "ngrok",
    "nice",
    "nload",
    "nmap",
    "nmcli",
    "node",
    "nohup",
    "nomad",
    "notation",
    "nslookup",
    "ntpdate",
    "nvidia-smi",
    "nvim",
    "octant",
    "openssl",
    "openstack",
    "operator-sdk",
    "oras",
    "pack",
    "packer",
    "parallel",
    "parted",
    "passwd",
    "paste",
    "perl",
    "pg_dump",
    "pg_isready",
    "pg_restore",
    "pgbench",
    "pgrep",
    "pidstat",
    "pigz",
    "ping",
    "pip3",
    "pipenv",
    "pipx",
    "pkill",
    "pnpm",
    "podman",
    "poetry",
    "popd",
    "porter",
    "postgres",
    "powershell",
    "printenv",
    "printf",
    "promtool",
    "protoc",
    "psql",
    "pstree",
    "pulumi",
    "pushd",
    "pwsh",
    "pytest",
    "python",
    "python2",
    "python3",
    "qemu-img",
    "quarkus",
    "rabbitmqctl",
    "rake",
    "rbenv",
    "rclone",
    "read",
    "readlink",
    "readonly",
    "realpath",
    "redis-benchmark",
    "redis-cli",
    "regctl",
    "restic",
    "return",
    "rmdir",
    "route",
    "rsync",
    "ruby",
    "rustc",
    "rustup",
    "screen",
    "serverless",
    "sfdisk",
    "sftp",
    "sha1sum",
    "sha256sum",
    "shasum",
    "shellcheck",
    "shift",
    "shopt",
    "shuf",
    "siege",
    "skaffold",
    "skopeo",
    "sleep",
    "snap",
    "socat",
    "sops",
    "sort",
    "source",
    "spin",
    "split",
    "sqlcmd",
    "sqlite3",
    "ssh-copy-id",
    "ssh-keygen",
    "sshpass",
    "stat",
    "stern",
    "strace",
    "strimzi",
    "subctl",
    "sudo",
    "supervisorctl",
    "swag",
    "swift",
    "syft",
    "sync",
    "sysbench",
    "systemctl",
    "tail",
    "tanzu",
    "tcpdump",
    "telepresence",
    "telnet",
    "terraform",
    "terragrunt",
    "tesseract",
    "test",
    "tfsec",
    "tilt",
    "timeout",
    "tmux",
    "tofu",
    "torch-model-archiver",
    "torchserve",
    "touch",
    "traceroute",
    "trap",
    "tree",
    "trivy",
    "true",
    "type",
    "umount",
    "uname",
    "uniq",
    "unrar",
    "unset",
    "unzip",
    "uptime",
    "useradd",
    "usermod",
    "uvicorn",
    "vagrant",
    "valkey-cli",
    "vault",
    "vela",
    "velero",
    "vercel",
    "virsh",
    "virtualenv",
    "vmstat",
    "wait",
    "wash",
    "wasmtime",
    "watch",
    "wget",
    "which",
    "whoami",
    "whois",
    "wscat",
    "xargs",
    "xmllint",
    "yarn",
    "zcat",
    "zonectl",
    "zstd",
    "zypper",
];

/// Commands and keywords of three letters, and keywords: near is only what has two letters exchanged.
const SHORT: &[&str] = &[
    "apt", "awk", "bzip", "case", "cat", "cut", "dig", "dnf", "done", "elif", "else", "env", "esac", "for", "git", "gpg", "jar", "let",
    "npm", "npx", "pip", "pwd", "scp", "sed", "seq", "set", "ssh", "tac", "tar", "tee", "then", "top", "until", "vim", "wc", "while",
    "yum", "zip",
];

/// Programs of two or three letters that are near another.
const KNOWN_SHORT: &[&str] = &[
    "7z", "ab", "ag", "aws", "az", "bat", "bc", "bun", "cc", "cdk", "ctr", "fd", "fio", "fly", "fzf", "g++", "gcc", "gh", "ghz", "go",
    "gsed", "hey", "ip", "jq", "k3d", "k3s", "k6", "k9s", "ko", "lsd", "mc", "mvn", "nc", "nft", "nix", "oc", "odo", "op", "opa", "pm2",
    "ps", "rg", "rpm", "sam", "sbt", "sd", "ss", "svn", "tfk", "tkn", "uv", "wrk", "xz", "yq",
];

/// Whether `name`, which bash did not find in the block `text`, is none that anybody could install. `own` are the document's functions.
pub(super) fn is_slip<'a>(name: &str, text: &str, own: impl IntoIterator<Item = &'a str>) -> bool {
    if name.contains('/') || COMMANDS.contains(&name) {
        return false;
    }
    // `apiVersion:`, `print(x)`, `"key"`: lines of something else.
    let is_word = name.chars().all(|letter| letter.is_alphanumeric() || "._+-~@%^".contains(letter));
    !is_word
        || is_beside_a_lost_here_document(text)
        || is_assigned_with_blanks(name, text)
        || COMMANDS.iter().any(|known| is_near(name, known))
        || SHORT.iter().any(|known| is_exchanged(name, known))
        || is_short_slip(name)
        // Programs have other names: this is a function that was lost.
        || name.contains('_') && !name.contains(['.', '-', '/'])
        || own.into_iter().any(|known| is_near(name, known) || is_exchanged(name, known))
}

/// `NAME = value`: blanks around the sign make a command of the name.
fn is_assigned_with_blanks(name: &str, text: &str) -> bool {
    let mut lines = text.lines().map(|line| line.trim_start().trim_start_matches("export ").trim_start_matches("local "));
    lines.any(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(" =") || rest.starts_with(" +=")))
}

/// A line that ends a here-document, and nothing that begins it.
fn is_beside_a_lost_here_document(text: &str) -> bool {
    let script = Script::parse(text);
    let delimiters: BTreeSet<&str> = script.here_documents().iter().map(|document| document.delimiter.as_str()).collect();
    text.lines().any(|line| line.len() > 2 && line.bytes().all(|byte| byte.is_ascii_uppercase()) && !delimiters.contains(line))
}

/// One letter too many, too few or another, or two exchanged; the first letter is seldom wrong but by exchange.
fn is_near(name: &str, known: &str) -> bool {
    let same_start = name.chars().next() == known.chars().next();
    name.len() > 3
        && name.len().abs_diff(known.len()) < 2
        && (same_start || is_exchanged(name, known))
        && strsim::osa_distance(name, known) == 1
        // `step1` and `step2` are siblings.
        && letters(name) != letters(known)
}

/// A short name in which a letter is lost, or one of two letters with one too many.
fn is_short_slip(name: &str) -> bool {
    if !(2..=3).contains(&name.len()) || KNOWN_SHORT.contains(&name) {
        return false;
    }
    let is_start = |known: &str| known.chars().next() == name.chars().next();
    let has_lost = |known: &&&str| known.len() == name.len() + 1 && is_start(known) && strsim::levenshtein(name, known) == 1;
    let has_more = |known: &&str| name.len() == 3 && name.starts_with(*known) && !name.ends_with(|letter: char| letter.is_ascii_digit());
    SHORT.iter().chain(COMMON).any(|known| has_lost(&known)) || ["az", "wc", "cd", "ls", "rm", "cp", "mv"].iter().any(has_more)
}

/// Longer commands that are in every document, as the shell's own are.
const COMMON: &[&str] = &["curl", "date", "echo", "exit", "find", "grep", "head", "read", "sort", "tail", "test", "uniq"];

/// Two neighbouring letters exchanged.
fn is_exchanged(name: &str, known: &str) -> bool {
    name.len() > 2 && name.len() == known.len() && sorted(name) == sorted(known) && strsim::osa_distance(name, known) == 1
}

fn letters(word: &str) -> String {
    word.chars().filter(|letter| !letter.is_ascii_digit()).collect()
}

fn sorted(word: &str) -> Vec<char> {
    let mut letters: Vec<char> = word.chars().collect();
    letters.sort_unstable();
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_and_the_inside_of_something_else_are_told_from_programs() {
        for (name, text) in [
            ("kubctl", "kubctl get nodes\n"),
            ("ehco", "ehco a\n"),
            ("terrafrom", "terrafrom init\n"),
            ("gti", "gti status\n"),
            ("esle", "if true; then :\nesle\nfi\n"),
            ("to_josn", "to_josn f\n"),
            ("apiVersion:", "apiVersion: v1\nkind: Pod\n"),
            ("import", "import os\nEOF\n"),
            ("LOG", "LOG = greetings.log\n"),
            ("grp", "grp x f\n"),
            ("eco", "eco a\n"),
            ("ct", "ct -d, -f1 f\n"),
            ("azq", "azq group list\n"),
            ("is_error", "is_error 3\n"),
        ] {
            assert!(is_slip(name, text, ["to_json", "step1"]), "{name}");
        }
    }

    #[test]
    fn what_may_be_a_program_is_one() {
        for (name, text) in [
            ("istioctl", "istioctl x\n"),
            ("./echoo", "./echoo\n"),
            ("frobctl", "frobctl --version\n"),
            ("gsed", "gsed -i x\n"),
            ("gh", "gh pr list\n"),
            ("az2", "az2 x\n"),
            ("fd", "fd x\n"),
            ("query", "query x\n"),
            ("cdk", "cdk deploy\n"),
            ("step2", "step2\n"),
            ("frobctl", "cat <<EOF\nx\nEOF\nfrobctl\n"),
        ] {
            assert!(!is_slip(name, text, ["to_json", "step1"]), "{name}");
        }
    }
}
