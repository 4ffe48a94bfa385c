//! `sleep`: lets the clock of the run move, so nobody waits. Outside a run it is the system's own.

use std::time::Duration;

use super::Program;
use super::client::Client;
use super::run::Run;
use super::system;

/// What `sleep infinity` moves the clock by: as long as the virtual budget of a step.
const INFINITY: Duration = Duration::from_secs(24 * 3600);

/// Runs one command line; the exit status.
pub(crate) fn run(program: &mut Program<'_>) -> i32 {
    let run = Client::from_environment(&program.variables).ok().and_then(|client| Run::of(client.into(), &program.variables));
    let is_question = program.args.iter().any(|word| word.starts_with('-') && word != "--" && word.len() > 1);
    let Some(run) = run.filter(|_| !is_question) else {
        let raw = std::mem::take(&mut program.raw);
        return system::hand_over(program, raw);
    };
    match total(&program.args) {
        Ok(duration) => match run.advance(duration) {
            Ok(_) => 0,
            Err(error) => {
                let _ = writeln!(program.stderr, "sleep: {error}");
                1
            }
        },
        Err(text) => {
            let _ = write!(program.stderr, "{text}");
            1
        }
    }
}

/// The sum of the intervals, or what GNU sleep prints (coreutils 9.1, measured).
fn total(args: &[String]) -> Result<Duration, String> {
    let words: Vec<&str> = args.iter().map(String::as_str).filter(|word| *word != "--").collect();
    const HELP: &str = "Try 'sleep --help' for more information.\n";
    if words.is_empty() {
        return Err(format!("sleep: missing operand\n{HELP}"));
    }
    let wrong: Vec<&str> = words.iter().copied().filter(|word| interval(word).is_none()).collect();
    if !wrong.is_empty() {
        let lines: String = wrong.iter().map(|word| format!("sleep: invalid time interval ‘{word}’\n")).collect();
        return Err(format!("{lines}{HELP}"));
    }
    Ok(words.iter().filter_map(|word| interval(word)).fold(Duration::ZERO, Duration::saturating_add).min(INFINITY))
}

/// `1.5`, `2m`, `1e-1h`, `infinity`: a decimal number as strtold reads it, and a unit.
fn interval(word: &str) -> Option<Duration> {
    let (number, unit) = match word.char_indices().last()? {
        (at, 's') => (&word[..at], 1.0),
        (at, 'm') => (&word[..at], 60.0),
        (at, 'h') => (&word[..at], 3600.0),
        (at, 'd') if !word.starts_with("0x") => (&word[..at], 86_400.0),
        _ => (word, 1.0),
    };
    let number = number.trim_start();
    let number = number.strip_prefix('+').unwrap_or(number);
    if matches!(number.to_ascii_lowercase().as_str(), "inf" | "infinity") {
        return Some(INFINITY);
    }
    if !number.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    let seconds = number.parse::<f64>().ok()? * unit;
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(INFINITY))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::applets::run::tests::FakeRun;
    use crate::applets::tests::started;

    #[track_caller]
    fn check(args: &[&str], seconds: f64) {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        assert_eq!(total(&args), Ok(Duration::from_secs_f64(seconds)), "{args:?}");
    }

    #[test]
    fn every_form_of_gnu_sleep_is_understood() {
        check(&["30"], 30.0);
        check(&["0.25"], 0.25);
        check(&[".5"], 0.5);
        check(&["1m"], 60.0);
        check(&["1h", "30m", "2s"], 5402.0);
        check(&["--", "5"], 5.0);
        check(&["1e1"], 10.0);
        check(&["infinity"], 86_400.0);
        check(&["99999999999999999999"], 86_400.0);
    }

    #[test]
    fn a_bad_interval_prints_what_gnu_sleep_prints() {
        let error = total(&["x".to_owned(), "1".to_owned(), "-2".to_owned()]).expect_err("no intervals");
        let lines = "sleep: invalid time interval ‘x’\nsleep: invalid time interval ‘-2’\nTry 'sleep --help' for more information.\n";
        assert_eq!(error, lines);
        assert_eq!(total(&[]).expect_err("no operand"), "sleep: missing operand\nTry 'sleep --help' for more information.\n");
    }

    #[test]
    fn sleeping_moves_the_clock_of_the_run_and_takes_no_time() {
        let run = FakeRun::start();
        assert_eq!(started("sleep", &["2m"], &[("DOCENT_RUN_URL", &run.url)]).0, 0);
        assert_eq!(run.asked(), [r#"POST /clock {"advance_ms":120000}"#]);
    }

    #[test]
    fn sleeping_in_the_background_leaves_the_clock_alone_and_takes_its_time() {
        let run = FakeRun::start();
        let started_at = std::time::Instant::now();
        assert_eq!(started("sleep", &["0.2"], &[("DOCENT_RUN_URL", &run.url), ("DOCENT_RUN_BESIDE", "1")]).0, 0);
        assert!(started_at.elapsed() >= Duration::from_millis(200));
        assert!(run.asked().iter().all(|asked| asked.starts_with("GET /clock")), "{:?}", run.asked());
    }
}
