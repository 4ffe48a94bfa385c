//! `openssl rand`: draws from the seed of the run, so that the names a document makes are the same in every run. Every other command of
//! openssl is the system's own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Program;
use super::client::Client;
use super::run::Run;
use super::system;

/// The most bytes drawn at once; more is the system's own business.
const BYTES_MAX: usize = 1 << 16;
/// openssl breaks base64 after this many characters (OpenSSL 3.0, measured).
const BASE64_COLUMNS: usize = 64;

#[derive(Debug, PartialEq, Eq)]
enum Form {
    Binary,
    Hex,
    Base64,
}

/// Runs one command line; the exit status.
pub(crate) fn run(program: &mut Program<'_>) -> i32 {
    let asked = draw_asked(&program.args);
    let run = Client::from_environment(&program.variables).ok().and_then(|client| Run::of(client.into(), &program.variables));
    let (Some((form, count)), Some(run)) = (asked, run) else {
        let raw = std::mem::take(&mut program.raw);
        return system::hand_over(program, raw);
    };
    match run.random(count) {
        Ok(bytes) => {
            let _ = program.stdout.write_all(&rendered(&form, &bytes));
            0
        }
        Err(error) => {
            let _ = writeln!(program.stderr, "openssl: {error}");
            1
        }
    }
}

/// The form and the number of bytes of `rand [-hex|-base64] N`; `None` for all that is not exactly this.
fn draw_asked(args: &[String]) -> Option<(Form, usize)> {
    let (command, options) = args.split_first()?;
    let (count, options) = options.split_last()?;
    (command == "rand").then_some(())?;
    let mut form = Form::Binary;
    for option in options {
        form = match option.as_str() {
            "-hex" | "--hex" => Form::Hex,
            "-base64" | "--base64" => Form::Base64,
            _ => return None,
        };
    }
    Some((form, count.parse().ok().filter(|count| (1..=BYTES_MAX).contains(count))?))
}

fn rendered(form: &Form, bytes: &[u8]) -> Vec<u8> {
    match form {
        Form::Binary => bytes.to_vec(),
        Form::Hex => bytes.iter().map(|byte| format!("{byte:02x}")).chain(["\n".to_owned()]).collect::<String>().into_bytes(),
        Form::Base64 => {
            let text = STANDARD.encode(bytes).into_bytes();
            text.chunks(BASE64_COLUMNS).flat_map(|line| line.iter().copied().chain([b'\n'])).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::applets::run::tests::FakeRun;
    use crate::applets::tests::started;

    #[track_caller]
    fn check(args: &[&str], stdout: &str) {
        let run = FakeRun::start();
        assert_eq!(started("openssl", args, &[("DOCENT_RUN_URL", &run.url)]), (0, stdout.to_owned(), String::new()));
    }

    #[test]
    fn random_draws_come_from_the_seed_of_the_run() {
        check(&["rand", "-hex", "3"], "ababab\n");
        check(&["rand", "-base64", "3"], "q6ur\n");
        check(&["rand", "--base64", "49"], &format!("{}\nqw==\n", "q6ur".repeat(16)));
    }

    #[test]
    fn everything_else_is_the_systems_own() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(draw_asked(&words("version")), None);
        assert_eq!(draw_asked(&words("rand -out file 3")), None);
        assert_eq!(draw_asked(&words("rand -hex 0")), None);
        assert_eq!(draw_asked(&words("rand -hex")), None);
        assert_eq!(draw_asked(&words("rand 8")), Some((Form::Binary, 8)));
    }
}
