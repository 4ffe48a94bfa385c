//! `date`: the system's own, asked about the time of the run. Formats and relative dates stay its business; this applet only says when
//! “now” is, by giving `-d` where there is none and a start to relative dates. Outside a run nothing is changed.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use jiff::Timestamp;

use super::Program;
use super::client::Client;
use super::run::Run;
use super::system;

/// The time of the run in the zone of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Local {
    /// `2026-01-01`
    day: String,
    /// `00:00:10.500000000`
    time: String,
    /// 1 for Monday to 7.
    weekday: i64,
}

/// Runs one command line; the exit status is that of the system's date.
pub(crate) fn run(program: &mut Program<'_>) -> i32 {
    let raw = std::mem::take(&mut program.raw);
    let run = Client::from_environment(&program.variables).ok().and_then(|client| Run::of(client.into(), &program.variables));
    let Some(run) = run else { return system::hand_over(program, raw) };
    let now = match run.now() {
        Ok(now) => now,
        Err(error) => {
            let _ = writeln!(program.stderr, "date: {error}");
            return 1;
        }
    };
    let words = match asked(&program.args) {
        // Files and settings have their own times.
        Asked::Elsewhere => raw,
        Asked::Now => [OsString::from("-d"), at(now).into()].into_iter().chain(raw).collect(),
        Asked::Date { text, others, utc } => {
            let local = if is_absolute(&text) { None } else { local(program, now, utc) };
            let text = local.map_or_else(|| text.clone(), |local| anchored(&text, &local));
            [OsString::from("-d"), text.into()].into_iter().chain(others.into_iter().map(OsString::from)).collect()
        }
    };
    system::hand_over(program, words)
}

/// What a command line of date is about.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// The time now.
    Now,
    /// The last `-d`, the other words in order, and whether `-u` is among them.
    Date { text: String, others: Vec<String>, utc: bool },
    /// A file's time, a file of dates, or setting the clock.
    Elsewhere,
}

fn asked(args: &[String]) -> Asked {
    let (mut date, mut others, mut utc) = (None, Vec::new(), false);
    let mut words = args.iter();
    while let Some(word) = words.next() {
        if let Some(long) = word.strip_prefix("--") {
            let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value.to_owned())));
            match name {
                "file" | "reference" | "set" | "help" | "version" => return Asked::Elsewhere,
                "date" | "dat" | "da" => date = value.or_else(|| words.next().cloned()),
                _ => {
                    utc |= matches!(name, "utc" | "universal" | "uct");
                    others.push(word.clone());
                }
            }
            continue;
        }
        let Some(short) = word.strip_prefix('-').filter(|short| !short.is_empty()) else {
            others.push(word.clone());
            continue;
        };
        let mut kept = String::new();
        for (index, letter) in short.char_indices() {
            let rest = &short[index + letter.len_utf8()..];
            match letter {
                'f' | 'r' | 's' => return Asked::Elsewhere,
                'd' => {
                    date = if rest.is_empty() { words.next().cloned() } else { Some(rest.to_owned()) };
                    break;
                }
                'I' => {
                    kept.push_str(&short[index..]);
                    break;
                }
                letter => {
                    utc |= letter == 'u';
                    kept.push(letter);
                }
            }
        }
        if !kept.is_empty() {
            others.push(format!("-{kept}"));
        }
    }
    match date {
        Some(text) => Asked::Date { text, others, utc },
        None => Asked::Now,
    }
}

fn at(now: Timestamp) -> String {
    format!("@{}.{:09}", now.as_second(), now.subsec_nanosecond())
}

/// The system's date knows the caller's zone; docent carries no zone tables.
fn local(program: &Program<'_>, now: Timestamp, utc: bool) -> Option<Local> {
    let path = system::find(program)?;
    let mut command = Command::new(path);
    command.args(utc.then_some("-u")).args(["-d", &at(now), "+%F %T.%N %u"]).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut parts = text.split_whitespace().map(str::to_owned);
    Some(Local { day: parts.next()?, time: parts.next()?, weekday: parts.next()?.parse().ok()? })
}

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/// A date that needs no “now”: seconds since 1970, or one with its year.
fn is_absolute(text: &str) -> bool {
    let numbers_of =
        |word: &str| word.split(['-', '/']).filter(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit())).count();
    let words: Vec<&str> = text.split_whitespace().collect();
    let dated = |word: &str| {
        let day = word.split('T').next().unwrap_or(word);
        (numbers_of(day) == 3 && day.contains(['-', '/'])) || (day.len() == 8 && day.chars().all(|c| c.is_ascii_digit()))
    };
    let has_month = words.iter().any(|word| named(word, &MONTHS).is_some());
    let has_year = words.iter().any(|word| word.len() == 4 && word.chars().all(|c| c.is_ascii_digit()));
    text.trim_start().starts_with('@') || words.iter().any(|word| dated(word)) || (has_month && has_year)
}

/// Which of these names a word is, written out or cut to three letters or more.
fn named(word: &str, names: &[&str]) -> Option<usize> {
    let word = word.trim_end_matches([',', '.']).to_ascii_lowercase();
    names.iter().position(|name| word.len() >= 3 && name.starts_with(&word))
}

/// The same date as the caller meant, told from the time of the run instead of the wall's.
///
/// GNU date takes one date, one time and any number of relative parts. So the day comes from the run, the time too unless the caller names
/// one, and a named weekday becomes a number of days. `0 seconds` keeps a following `+ 5 minutes` from being read as a zone (measured).
fn anchored(text: &str, local: &Local) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_time = |index: usize| {
        let word = words[index].to_ascii_lowercase();
        let named = |word: &str| matches!(word, "am" | "pm" | "a.m." | "p.m.");
        (word.contains(':') && word.starts_with(|first: char| first.is_ascii_digit()))
            || word.strip_suffix("am").or(word.strip_suffix("pm")).is_some_and(|hour| hour.parse::<u8>().is_ok())
            || words.get(index + 1).is_some_and(|next| named(&next.to_ascii_lowercase()))
    };
    if words.iter().any(|word| named(word, &MONTHS).is_some()) {
        // A month and a day without a year: the year of the run.
        return format!("{text} {}", local.day.split('-').next().unwrap_or_default());
    }
    let mut rest: Vec<String> = Vec::new();
    let mut days = None;
    for word in &words {
        let Some(weekday) = named(word, &WEEKDAYS) else {
            rest.push((*word).to_owned());
            continue;
        };
        let ahead = (i64::try_from(weekday).unwrap_or(0) + 1 - local.weekday).rem_euclid(7);
        // gnulib counts weeks from the coming day of that name, which is today on the day itself.
        let today = ahead == 0;
        let ordinal = match rest.last().map(String::as_str) {
            Some("next") => Some(i64::from(today)),
            Some("last") => Some(-1),
            Some("this") => Some(0),
            _ => None,
        };
        if ordinal.is_some() {
            rest.pop();
        }
        days = Some(ahead + 7 * ordinal.unwrap_or(0));
    }
    let midnight = days.is_some() || words.is_empty();
    let time = match () {
        () if (0..words.len()).any(is_time) => String::new(),
        () if midnight => " 00:00:00 0 seconds".to_owned(),
        () => format!(" {} 0 seconds", local.time),
    };
    let shift = days.map_or_else(String::new, |days| format!(" {days:+} days"));
    let rest: String = rest.iter().map(|word| format!(" {word}")).collect();
    format!("{}{time}{shift}{rest}", local.day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        shlex::split(text).expect("a shell word list")
    }

    #[test]
    fn the_command_line_tells_what_is_asked() {
        let date = |text: &str, others: &[&str], utc| Asked::Date {
            text: text.to_owned(),
            others: others.iter().map(ToString::to_string).collect(),
            utc,
        };
        assert_eq!(asked(&words("-u +%F")), Asked::Now);
        assert_eq!(asked(&words("-ud '5 minutes' +%F")), date("5 minutes", &["-u", "+%F"], true));
        assert_eq!(asked(&words("--date='1 day ago' -Is")), date("1 day ago", &["-Is"], false));
        assert_eq!(asked(&words("-Idate -dtomorrow")), date("tomorrow", &["-Idate"], false));
        assert_eq!(asked(&words("-r file")), Asked::Elsewhere);
        assert_eq!(asked(&words("-s now")), Asked::Elsewhere);
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let local = Local { day: "2026-01-01".to_owned(), time: "10:00:05.000000000".to_owned(), weekday: 4 };
        let told = if is_absolute(text) { text.to_owned() } else { anchored(text, &local) };
        assert_eq!(told, expected, "{text}");
    }

    #[test]
    fn absolute_dates_stay_as_they_are() {
        check("@1700000000", "@1700000000");
        check("2024-02-29 12:00", "2024-02-29 12:00");
        check("2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z");
        check("Mar 5 2024", "Mar 5 2024");
        check("20240301", "20240301");
    }

    #[test]
    fn relative_dates_start_at_the_time_of_the_run() {
        check("5 minutes", "2026-01-01 10:00:05.000000000 0 seconds 5 minutes");
        check("+ 1 month", "2026-01-01 10:00:05.000000000 0 seconds + 1 month");
        check("yesterday", "2026-01-01 10:00:05.000000000 0 seconds yesterday");
        check("now", "2026-01-01 10:00:05.000000000 0 seconds now");
        check("tomorrow 12:30", "2026-01-01 tomorrow 12:30");
        check("", "2026-01-01 00:00:00 0 seconds");
        check("Mar 5", "Mar 5 2026");
    }

    #[test]
    fn weekdays_are_counted_from_the_day_of_the_run() {
        // 2026-01-01 is a Thursday.
        check("friday", "2026-01-01 00:00:00 0 seconds +1 days");
        check("next friday", "2026-01-01 00:00:00 0 seconds +1 days");
        check("thursday", "2026-01-01 00:00:00 0 seconds +0 days");
        check("next thursday", "2026-01-01 00:00:00 0 seconds +7 days");
        check("last monday", "2026-01-01 00:00:00 0 seconds -3 days");
        check("monday 09:00", "2026-01-01 +4 days 09:00");
    }
}
