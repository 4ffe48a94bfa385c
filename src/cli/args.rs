//! Exactly what was typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{diagnostic::Severity, lint::Level};

/// Runs Markdown runbooks as tests: executes their shell blocks in one bash, and judges each block's output against the output that the
/// document shows. Azure is embedded: nothing leaves this machine.
#[derive(Debug, Parser)]
#[command(
    name = "docent",
    version,
    subcommand_required = true,
    disable_help_subcommand = true,
    after_help = "Examples:\n  docent runbooks/                        run every runbook below a folder\n  docent test guide.md --filter deploy    run the steps up to and including those called deploy\n  docent list guide.md                    see what would run; nothing is run\n  docent lint guide.md                    find defects; nothing is run\n  docent cloud exec -- az group list      one command against an embedded Azure of its own\n\n\
Exit status:\n  0  all passed                            4  docent could not do its work\n  1  a step failed, or lint found one      5  something that the run made is still there\n  2  wrong usage                           6  nothing failed, but something could not be run\n  3  a runbook could not be read         130  interrupted"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, env = "DOCENT_COLOR", hide_env = true)]
    pub(crate) color: Colour,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run runbooks as tests (the default: `docent PATH…` does the same).
    Test(Box<TestArgs>),
    /// Show what would run; nothing is run.
    List(ListArgs),
    /// Find defects without running anything.
    Lint(LintArgs),
    /// Show the page of a diagnostic or lint rule.
    Explain(ExplainArgs),
    /// Explain a verdict: how alike two outputs are, and what costs what.
    Score(ScoreArgs),
    /// Print a runbook as one bash script.
    Script(ScriptArgs),
    /// Use the embedded Azure on its own.
    Cloud(CloudArgs),
    /// Finish what killed runs have left: processes, directories.
    Clean(CleanArgs),
    /// Show what this machine offers, and the next step for what is missing.
    Doctor,
}

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Runbooks, or folders: every *.md below one that has an executable block.
    #[arg(value_name = "PATH", required_unless_present = "resume")]
    pub(crate) paths: Vec<PathBuf>,
    /// Run again what an interrupted run was asked for.
    #[arg(long, value_name = "RUN", hide_short_help = true, conflicts_with = "paths")]
    pub(crate) resume: Option<String>,
    /// Where steps run [default: auto].
    #[arg(long, value_enum, env = "DOCENT_TARGET", hide_env = true)]
    pub(crate) target: Option<Target>,
    /// Give a variable a value, whatever the document assigns to it. Repeatable.
    #[arg(long, value_name = "K=V", value_parser = assignment)]
    pub(crate) var: Vec<(String, String)>,
    /// Variables for the run, a line `NAME=VALUE` each; `--var` wins. Repeatable.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) env_file: Vec<PathBuf>,
    /// Mask the value of a variable wherever it is printed; those called PASSWORD, TOKEN and so on are masked anyway. Repeatable.
    #[arg(long, value_name = "NAME", hide_short_help = true, value_delimiter = ',', value_parser = variable_name)]
    pub(crate) secret: Vec<String>,
    #[command(flatten)]
    pub(crate) view: ViewArgs,
    /// Only steps whose `path::step-id` or heading contains TEXT; earlier ones run as prerequisites.
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// How many runbooks run side by side [default: the processors].
    #[arg(short = 'j', long, value_name = "N", env = "DOCENT_JOBS", hide_env = true, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// Stop a runbook at its first failed step.
    #[arg(long, overrides_with = "no_fail_fast")]
    pub(crate) fail_fast: bool,
    /// Run later steps after a failed one (the default offline).
    #[arg(long, visible_alias = "keep-going", overrides_with = "fail_fast", hide_short_help = true)]
    pub(crate) no_fail_fast: bool,
    /// Wall time that a step may take, for steps that say nothing themselves, such as 30s or 5m [default: 10m].
    #[arg(long, value_name = "TIME", value_parser = wall_time, env = "DOCENT_TIMEOUT", hide_env = true)]
    pub(crate) timeout: Option<std::time::Duration>,
    /// Wall time of the whole run, after which only steps that clean up still run [default: 4h].
    #[arg(long, value_name = "TIME", value_parser = wall_time, env = "DOCENT_RUN_TIMEOUT", hide_env = true, hide_short_help = true)]
    pub(crate) run_timeout: Option<std::time::Duration>,
    /// Wall time of cleaning up a runbook, whatever ended it [default: 10m].
    #[arg(long, value_name = "TIME", value_parser = wall_time, env = "DOCENT_CLEANUP_TIMEOUT", hide_env = true, hide_short_help = true)]
    pub(crate) cleanup_timeout: Option<std::time::Duration>,
    /// Whether what a run has made, and what outlives it, is removed after it [default: always].
    #[arg(long, value_enum, env = "DOCENT_CLEANUP", hide_env = true, hide_short_help = true)]
    pub(crate) cleanup: Option<Cleanup>,
    /// Fail a runbook when one of its steps passed only on a retry.
    #[arg(long, hide_short_help = true)]
    pub(crate) fail_on_flaky: bool,
    /// Also write a report: `json=FILE`, or `permissions=FILE` for the least that the steps needed; `-` is standard output. Repeatable.
    #[arg(long, value_name = "KIND=PATH", value_parser = report)]
    pub(crate) report: Vec<ReportTo>,
    /// Where ids and random draws come from: the same seed gives the same report [default: 0].
    #[arg(long, value_name = "N", env = "DOCENT_SEED", hide_env = true)]
    pub(crate) seed: Option<u64>,
    /// Show what each block prints, and why requests were refused; twice: who decided about every request.
    #[arg(short, long, conflicts_with = "quiet", action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Show failures and the totals only.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// The first step to report; earlier ones run as prerequisites.
    #[arg(long, value_name = "STEP", hide_short_help = true)]
    pub(crate) from: Option<String>,
    /// The last step to run.
    #[arg(long, value_name = "STEP", hide_short_help = true)]
    pub(crate) to: Option<String>,
    /// Which az and kubectl steps get: docent's own, or those on your PATH [default: builtin].
    #[arg(long, value_enum, hide_short_help = true, env = "DOCENT_CLI", hide_env = true)]
    pub(crate) cli: Option<Clients>,
    /// When the embedded clock starts: `now`, or a time such as 2026-01-01T00:00:00Z.
    #[arg(long, value_name = "TIME", hide_short_help = true, value_parser = clock, env = "DOCENT_CLOCK", hide_env = true)]
    pub(crate) clock: Option<Clock>,
    /// Which judge decides: docent's, or Innovation Engine's number.
    #[arg(long, value_enum, hide_short_help = true, env = "DOCENT_SCORER", hide_env = true)]
    pub(crate) scorer: Option<Scorer>,
    /// What an output without expected_similarity is worth: `advise`, `ignore`, or `judge=T` with a threshold.
    #[arg(long, value_name = "POLICY", hide_short_help = true, value_parser = unmarked, env = "DOCENT_UNMARKED", hide_env = true)]
    pub(crate) unmarked: Option<Unmarked>,
    /// What a command that fails inside X=$(…) is worth.
    #[arg(long, value_enum, hide_short_help = true, env = "DOCENT_MASKED", hide_env = true)]
    pub(crate) masked: Option<Masked>,
    /// Whether a block stops at its first failing command.
    #[arg(long, value_enum, hide_short_help = true, env = "DOCENT_ERREXIT", hide_env = true)]
    pub(crate) errexit: Option<Switch>,
    /// What keeps steps from your files and the network; see docs/sandbox.md [default: require when CI is set, else best-effort].
    #[arg(long, value_enum, hide_short_help = true, env = "DOCENT_SANDBOX", hide_env = true)]
    pub(crate) sandbox: Option<Sandbox>,
    /// Exit 0 when nothing failed but something could not be run.
    #[arg(long, hide_short_help = true)]
    pub(crate) allow_incomplete: bool,
    /// A docent.toml to read instead of the nearest one above the documents.
    #[arg(long, value_name = "FILE", hide_short_help = true, env = "DOCENT_CONFIG", hide_env = true)]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// Embedded when a step calls az, kubectl, kubelogin, helm or an Azure host, else none.
    Auto,
    /// The embedded Azure.
    Embedded,
    /// A plain shell without network.
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Clients {
    /// docent's own az and kubectl.
    Builtin,
    /// Those on PATH, pointed at the embedded Azure.
    System,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scorer {
    /// Structure, load-bearing values and vetoes.
    Structural,
    /// Innovation Engine's Jaro number alone.
    Ie,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Masked {
    /// The step fails.
    Fail,
    /// It is reported.
    Warn,
    /// It is not mentioned.
    Ignore,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Cleanup {
    /// However the run ended.
    Always,
    /// When it passed.
    OnSuccess,
    /// What it has made stays.
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

/// `--sandbox`, from the most to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Sandbox {
    /// All that the machine offers; nothing runs unless network and files are out of reach.
    Require,
    /// All that the machine offers.
    BestEffort,
    /// A private directory and a clean environment only.
    Off,
}

/// `--clock`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Clock {
    Now,
    At(jiff::Timestamp),
}

/// `--unmarked`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Unmarked {
    Advise,
    Ignore,
    Judge(f64),
}

/// One `--report`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportTo {
    pub(crate) kind: ReportKind,
    pub(crate) path: PathBuf,
}

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReportKind {
    /// The whole run.
    Json,
    /// What it needed.
    Permissions,
}

#[derive(Debug, Args)]
pub(crate) struct CleanArgs {
    /// The run, as docent called it when it was interrupted [default: all that have ended].
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Runbooks or folders.
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    Table,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct LintArgs {
    /// Runbooks, or folders: every *.md below one that has an executable block.
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// How to print findings.
    #[arg(long, value_enum, default_value_t = LintFormat::Text)]
    pub(crate) format: LintFormat,
    /// Leave out the findings with this code. Repeatable.
    #[arg(long, value_name = "CODE")]
    pub(crate) disable: Vec<String>,
    /// Look for this code only. Repeatable.
    #[arg(long, value_name = "CODE")]
    pub(crate) select: Vec<String>,
    /// Give a code another level: error, warning, advice, off. Repeatable.
    #[arg(long, value_name = "CODE=LEVEL", value_parser = code_level, hide_short_help = true)]
    pub(crate) level: Vec<(String, Level)>,
    /// Exit with 1 from this level on.
    #[arg(long, value_name = "LEVEL", value_parser = severity, default_value = "warning")]
    pub(crate) fail_on: Severity,
    /// Compare the documents with the one that they were translated from, statement by statement.
    #[arg(long, value_name = "SOURCE", conflicts_with_all = ["fix", "diff"])]
    pub(crate) against: Option<PathBuf>,
    /// Find the version of SOURCE that a document was made from, in the history of its git repository.
    #[arg(long, requires = "against")]
    pub(crate) git: bool,
    /// Mend what is certain, in the files themselves, and report what is left.
    #[arg(long)]
    pub(crate) fix: bool,
    /// Show what --fix would change, and change nothing.
    #[arg(long, visible_alias = "dry-run", conflicts_with = "format")]
    pub(crate) diff: bool,
    /// A docent.toml to read instead of the one beside the documents.
    #[arg(long, value_name = "FILE", hide_short_help = true, env = "DOCENT_CONFIG", hide_env = true)]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LintFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For code scanners: SARIF 2.1.0.
    Sarif,
    /// Annotations of a GitHub workflow.
    Github,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Which, such as undefined-variable; all in a line each when left out.
    pub(crate) code: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ScoreArgs {
    /// File with the output that the document shows.
    #[arg(required_unless_present = "jsonl")]
    pub(crate) expected: Option<PathBuf>,
    /// File with the output that was printed; `-` is standard input.
    #[arg(required_unless_present = "jsonl")]
    pub(crate) actual: Option<PathBuf>,
    /// The score that passes, 0 to 1.
    #[arg(long, default_value_t = 0.3)]
    pub(crate) threshold: f64,
    /// The tag of the document's fence: json, output, text …
    #[arg(long, default_value = "")]
    pub(crate) language: String,
    /// Which judge decides.
    #[arg(long, value_enum, default_value_t = Scorer::Structural)]
    pub(crate) scorer: Scorer,
    /// JSON paths, table columns or labels that do not count, joined by commas. Repeatable.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
    /// JSON paths, table columns or labels that must be the same to the letter; all of it when none is named.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', num_args = 0.., require_equals = true)]
    pub(crate) exact: Option<Vec<String>>,
    /// Lists, rows and lines may come in any order.
    #[arg(long)]
    pub(crate) unordered: bool,
    /// What both sides are read as [default: what they look like].
    #[arg(long = "as", value_name = "FORMAT", value_enum)]
    pub(crate) format: Option<Format>,
    /// Show every place that costs something.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Judge lines of {id,language,threshold,expected,actual,ignore,exact,unordered,as} from standard input, a line of JSON each.
    #[arg(long, conflicts_with_all = ["expected", "actual", "explain", "ignore", "exact", "unordered", "format"])]
    pub(crate) jsonl: bool,
}

/// What outputs are read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One or several JSON documents.
    Json,
    /// Lines of words.
    Text,
    /// A header and rows.
    Table,
    /// One or several YAML documents.
    Yaml,
}

#[derive(Debug, Args)]
pub(crate) struct ScriptArgs {
    /// The runbook.
    pub(crate) file: PathBuf,
    /// Give a variable a value, whatever the document assigns to it. Repeatable.
    #[arg(long, value_name = "K=V", value_parser = assignment)]
    pub(crate) var: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) view: ViewArgs,
}

/// Which of the alternatives of a document.
#[derive(Debug, Args)]
pub(crate) struct ViewArgs {
    /// The tab to run of groups that have it, by the name behind `#tab/` [default: the first with a step]. Repeatable.
    #[arg(long, value_name = "NAME", hide_short_help = true, value_delimiter = ',', value_parser = lower)]
    pub(crate) tab: Vec<String>,
    /// The zone to run, by its pivot [default: the first with a step]. Repeatable.
    #[arg(long, value_name = "NAME", hide_short_help = true, value_delimiter = ',', value_parser = lower)]
    pub(crate) zone: Vec<String>,
    /// Whether the documents linked under "Prerequisites" run first.
    #[arg(long, value_enum, hide_short_help = true, default_value_t = Prerequisites::Run)]
    pub(crate) prerequisites: Prerequisites,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Prerequisites {
    /// They run first, in the same shell.
    Run,
    /// They are left out; what they would set must be there.
    Skip,
}

#[derive(Debug, Args)]
pub(crate) struct CloudArgs {
    #[command(subcommand)]
    pub(crate) command: CloudCommand,
    /// Where ids come from.
    #[arg(long, global = true, value_name = "N", default_value_t = 0, env = "DOCENT_SEED", hide_env = true)]
    pub(crate) seed: u64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CloudCommand {
    /// Start it, print the variables that point clients at it, and keep it until Ctrl-C.
    Up,
    /// Start it, run one command against it, and stop it.
    Exec {
        /// Which az and kubectl the command gets.
        #[arg(long, value_enum, default_value_t = Clients::Builtin)]
        cli: Clients,
        /// The command and its words.
        #[arg(required = true, last = true, value_name = "CMD")]
        command: Vec<std::ffi::OsString>,
    },
    /// Print the names of the variables that a step sees, and what each is for.
    Env,
    /// Print the host names that the embedded Azure answers to.
    Hosts,
}

fn lower(text: &str) -> Result<String, String> {
    let name = text.trim().to_lowercase();
    if name.is_empty() { Err("a name is missing".to_owned()) } else { Ok(name) }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected K=V")?;
    Ok((variable_name(name)?, value.to_owned()))
}

/// The name of a variable of the shell.
pub(crate) fn variable_name(name: &str) -> Result<String, String> {
    let mut letters = name.chars();
    let fits =
        letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') && letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if fits { Ok(name.to_owned()) } else { Err(format!("`{name}` is not a variable name")) }
}

/// A level of `[lint]` and `--level`.
pub(crate) fn level(text: &str) -> Result<Level, String> {
    match text {
        "off" => Ok(Level::Off),
        _ => severity(text).map(Level::At).map_err(|_| format!("{text:?} is not one of error, warning, advice, off")),
    }
}

fn severity(text: &str) -> Result<Severity, String> {
    match text {
        "error" => Ok(Severity::Error),
        "warning" => Ok(Severity::Warning),
        "advice" => Ok(Severity::Advice),
        _ => Err("expected error, warning or advice".to_owned()),
    }
}

fn code_level(text: &str) -> Result<(String, Level), String> {
    let (code, written) = text.split_once('=').ok_or("expected CODE=LEVEL, such as masked-capture=error")?;
    Ok((code.to_owned(), level(written)?))
}

fn report(text: &str) -> Result<ReportTo, String> {
    let (name, path) = text.split_once('=').ok_or("expected KIND=PATH, such as json=report.json")?;
    let kind = match name {
        "json" => ReportKind::Json,
        "permissions" => ReportKind::Permissions,
        kind => return Err(format!("`{kind}` is not a kind of report; there are: json, permissions")),
    };
    if path.is_empty() {
        return Err(format!("{name}= wants a path; `-` is standard output"));
    }
    Ok(ReportTo { kind, path: path.into() })
}

/// `30s`, `5m`, `1h`, `500ms`, `90`: seconds when there is no unit.
pub(crate) fn wall_time(text: &str) -> Result<std::time::Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("`{unit}` is not a unit; there are ms, s, m, h")),
    };
    let seconds = number.parse::<f64>().map_err(|_| "expected a time such as 30s or 5m".to_owned())? * factor;
    match std::time::Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() && seconds <= 7.0 * 86400.0 => Ok(time),
        _ => Err("a time is between 1 ms and 7 days".to_owned()),
    }
}

pub(crate) fn clock(text: &str) -> Result<Clock, String> {
    if text == "now" {
        return Ok(Clock::Now);
    }
    text.parse().map(Clock::At).map_err(|_| "expected `now` or a time such as 2026-01-01T00:00:00Z".to_owned())
}

pub(crate) fn unmarked(text: &str) -> Result<Unmarked, String> {
    match text.split_once('=') {
        None if text == "advise" => Ok(Unmarked::Advise),
        None if text == "ignore" => Ok(Unmarked::Ignore),
        Some(("judge", threshold)) => match threshold.parse::<f64>() {
            Ok(threshold) if (0.0..=1.0).contains(&threshold) => Ok(Unmarked::Judge(threshold)),
            _ => Err("judge= wants a threshold from 0 to 1".to_owned()),
        },
        _ => Err("expected advise, ignore or judge=T".to_owned()),
    }
}
