//! `docent cloud`: the embedded Azure on its own.

mod veil;

use std::{
    ffi::OsString,
    io::{self, IsTerminal, Write},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, ExitStatus, Stdio},
};

use crate::{
    cli::{
        Problem,
        args::{Clients, Clock, CloudArgs, CloudCommand, Colour},
        exit::Exit,
        options, stdout,
    },
    engine::world::World,
    target::embedded::Embedded,
};
use veil::Veil;

/// What each variable is for, in the order in which they are printed.
const PURPOSES: [(&str, &str); 7] = [
    ("HTTPS_PROXY, HTTP_PROXY, ALL_PROXY", "every request for an Azure host goes to the embedded one; other hosts are refused by name"),
    ("NO_PROXY", "loopback stays loopback"),
    ("SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, …", "the run's own certificate authority"),
    ("AZURE_CONFIG_DIR", "az is signed in, with one subscription"),
    ("KUBECONFIG, HOME", "private; nothing of yours is read or written"),
    ("DOCENT_RUN_URL", "the run's clock and its random draws, for docent's own clients"),
    ("PATH", "docent's own az, kubectl, kubelogin, sleep, date and openssl come first, unless --cli system"),
];

pub(super) fn run(args: CloudArgs) -> Result<Exit, Problem> {
    let broken = |error: io::Error| Problem::of(Exit::Broken, &error);
    let mut out = stdout(Colour::Auto);
    match args.command {
        CloudCommand::Env => {
            for (names, purpose) in PURPOSES {
                writeln!(out, "{names}\n    {purpose}").map_err(broken)?;
            }
            Ok(Exit::Passed)
        }
        CloudCommand::Hosts => {
            for host in crate::cloud::HOSTS {
                writeln!(out, "{host}").map_err(broken)?;
            }
            Ok(Exit::Passed)
        }
        CloudCommand::Up => with_cloud(args.seed, Clients::Builtin, |variables, runtime, _| {
            for (name, value) in variables {
                let value = shlex::try_quote(value).map_err(|error| Problem::new(Exit::Broken, error.to_string()))?;
                writeln!(out, "export {name}={value}").map_err(broken)?;
            }
            out.flush().map_err(broken)?;
            runtime.block_on(tokio::signal::ctrl_c()).map_err(broken)?;
            Ok(Exit::Interrupted)
        }),
        CloudCommand::Exec { cli, command } => exec(args.seed, cli, &command),
    }
}

fn exec(seed: u64, clients: Clients, command: &[OsString]) -> Result<Exit, Problem> {
    let (program, words) = command.split_first().ok_or_else(|| Problem::new(Exit::Usage, "no command was given"))?;
    let mut code = 0;
    with_cloud(seed, clients, |variables, _, world| {
        let path = variables.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.clone()).unwrap_or_default();
        let found = locate(program, &path);
        let mut command = Command::new(&found);
        command.args(words).envs(variables.iter().map(|(name, value)| (name, value)));
        let status = run_masked(&mut command, world, variables)
            .map_err(|error| Problem::new(Exit::Broken, format!("cannot run {}: {error}", Path::new(program).display())))?;
        code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
        Ok(Exit::Passed)
    })?;
    // The command's own status is the answer, whatever docent's codes mean.
    std::process::exit(code);
}

/// Runs it with what it prints masked; a terminal is a conversation's own, from whose both ends docent stays away.
fn run_masked(command: &mut Command, world: &mut Embedded, variables: &[(String, String)]) -> io::Result<ExitStatus> {
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        return command.status();
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let inherited = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let veil = Veil::new(world, inherited.chain(variables.iter().cloned()));
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    std::thread::scope(|scope| {
        // A reader that went away ends what is written for it, not the command.
        scope.spawn(|| stdout.map(|stdout| veil.pass(stdout, io::stdout())));
        scope.spawn(|| stderr.map(|stderr| veil.pass(stderr, io::stderr())));
        let ended = child.wait();
        veil.end();
        ended
    })
}

/// `program` as the child's search path finds it: the system would look along the parent's.
fn locate(program: &OsString, path: &str) -> std::path::PathBuf {
    let name = Path::new(program);
    if name.components().count() > 1 {
        return name.to_owned();
    }
    std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| file.is_file()).unwrap_or_else(|| name.to_owned())
}

fn with_cloud(
    seed: u64,
    clients: Clients,
    body: impl FnOnce(&[(String, String)], &tokio::runtime::Runtime, &mut Embedded) -> Result<Exit, Problem>,
) -> Result<Exit, Problem> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Problem::of(Exit::Broken, &error))?;
    let scratch = tempfile::Builder::new().prefix("docent-").tempdir().map_err(|error| Problem::of(Exit::Broken, &error))?;
    let setup = options::embedded(clients, Some(Clock::Now));
    let helper = options::helper()?;
    let mut world = runtime
        .block_on(Embedded::start(&setup, seed, helper.executable(), scratch.path(), None))
        .map_err(|error| Problem::of(Exit::Broken, &error))?;
    let mut variables = world.environment();
    variables.push(("HOME".to_owned(), scratch.path().join("home").display().to_string()));
    let mut search = world.path_prefix();
    search.extend(std::env::split_paths(&options::search_path()));
    let path = std::env::join_paths(search).map_err(|error| Problem::of(Exit::Broken, &error))?;
    variables.push(("PATH".to_owned(), path.to_string_lossy().into_owned()));
    body(&variables, &runtime, &mut world)
}
