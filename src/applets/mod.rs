//! Built-in command-line programs: `az`, `kubectl` and `kubelogin` speak HTTP and nothing else, and share no type with the cloud; `sleep`, `date` and
//! `openssl rand` follow the clock and the seed of the run.
//!
//! One executable answers under all their names. [`intercept`] looks at the name it was started as, and either becomes that program or returns.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

mod az;
mod client;
mod date;
mod kubectl;
mod kubelogin;
mod openssl;
mod render;
mod run;
mod sleep;
mod system;

/// The names under which [`intercept`] becomes another program, in the order in which they are listed to people.
pub const NAMES: [&str; 6] = ["az", "kubectl", "kubelogin", "sleep", "date", "openssl"];

/// What a program was started with: its words, its variables, and the three streams.
pub(crate) struct Program<'a> {
    /// The name it was started as, without folders: `az`.
    pub(crate) name: &'static str,
    /// The words after the name; text that is not UTF-8 is replaced, [`Program::raw`] has it as it was.
    pub(crate) args: Vec<String>,
    /// The words after the name, as they were.
    pub(crate) raw: Vec<OsString>,
    /// The environment.
    pub(crate) variables: HashMap<String, String>,
    /// Standard input.
    pub(crate) stdin: &'a mut dyn Read,
    /// Standard output.
    pub(crate) stdout: &'a mut dyn Write,
    /// Standard error.
    pub(crate) stderr: &'a mut dyn Write,
}

impl Program<'_> {
    /// A variable of the environment; one that is empty counts as unset.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// Becomes `az`, `kubectl`, `kubelogin`, `sleep`, `date` or `openssl` when this process was started under that name, and ends it with that program's
/// exit status. Returns, having done nothing, under any other name.
///
/// Call it first thing in `main`:
///
/// ```
/// docent::applets::intercept();
/// // here the process is nobody but itself
/// ```
pub fn intercept() {
    let mut words = std::env::args_os();
    let Some(started_as) = words.next() else { return };
    let Some(file_name) = Path::new(&started_as).file_name().and_then(|name| name.to_str()) else { return };
    let Some(name) = NAMES.into_iter().find(|name| *name == file_name) else { return };
    let raw: Vec<OsString> = words.collect();
    let mut stdin = std::io::stdin();
    let mut stdout = BufWriter::new(std::io::stdout());
    let mut stderr = std::io::stderr();
    let status = start(&mut Program {
        name,
        args: raw.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
        raw,
        variables: std::env::vars_os().filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?))).collect(),
        stdin: &mut stdin,
        stdout: &mut stdout,
        stderr: &mut stderr,
    });
    // A reader that went away (`az … | head -1`) is no failure of ours.
    let _ = stdout.flush();
    std::process::exit(status);
}

fn start(program: &mut Program<'_>) -> i32 {
    match program.name {
        "az" => az::run(program),
        "kubectl" => kubectl::run(program),
        "kubelogin" => kubelogin::run(program),
        "sleep" => sleep::run(program),
        "date" => date::run(program),
        "openssl" => openssl::run(program),
        other => unreachable!("{other} is in NAMES and has no program"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Runs one applet in process with the given words and variables: (status, stdout, stderr).
    pub(crate) fn started(name: &'static str, args: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let status = start(&mut Program {
            name,
            args: args.iter().map(ToString::to_string).collect(),
            raw: args.iter().map(OsString::from).collect(),
            variables: variables.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
            stdin: &mut std::io::empty(),
            stdout: &mut stdout,
            stderr: &mut stderr,
        });
        (status, String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr).into_owned())
    }

    #[test]
    fn a_process_with_another_name_is_left_alone() {
        // The test binary is none of the applets: if this returned nowhere, the test process would end here.
        intercept();
    }
}
