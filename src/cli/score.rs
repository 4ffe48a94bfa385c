//! `docent score`: one verdict explained, or lines of pairs judged.

use std::{
    fs,
    io::{self, BufRead, Read, Write},
    path::Path,
};

use crate::{
    cli::{
        Problem,
        args::{Colour, Format, ScoreArgs},
        exit::Exit,
        options, stdout, written,
    },
    report,
    runbook::{self, Comparison, Criterion, Exact, Expectation},
    score,
};

pub(super) fn run(args: &ScoreArgs) -> Result<Exit, Problem> {
    if args.jsonl { lines(args) } else { one(args) }
}

fn one(args: &ScoreArgs) -> Result<Exit, Problem> {
    if !(0.0..=1.0).contains(&args.threshold) {
        return Err(Problem::new(Exit::Usage, format!("--threshold {} is not between 0 and 1", args.threshold)));
    }
    let (Some(expected), Some(actual)) = (&args.expected, &args.actual) else {
        return Err(Problem::new(Exit::Usage, "`docent score` compares two files"));
    };
    let text = String::from_utf8_lossy(&read(expected)?).into_owned();
    let expectation = Expectation {
        line: 1,
        fence_line: 1,
        language: args.language.clone(),
        criterion: Criterion::Similarity(args.threshold),
        text,
        comparison: comparison(args),
    };
    let verdict = score::judge_with(options::scorer(args.scorer), &expectation, &read(actual)?);
    let mut out = stdout(Colour::Auto);
    written(report::score::explain(&mut out, &verdict, args.threshold, args.explain))?;
    Ok(if verdict.passed { Exit::Passed } else { Exit::Failed })
}

/// What the options say about how the two are compared.
fn comparison(args: &ScoreArgs) -> Comparison {
    Comparison {
        ignore: args.ignore.clone(),
        exact: match args.exact.as_deref() {
            None => Exact::Nothing,
            Some([]) => Exact::Everything,
            Some(names) => Exact::At(names.to_vec()),
        },
        unordered: args.unordered,
        format: args.format.map(|format| match format {
            Format::Json => runbook::Format::Json,
            Format::Text => runbook::Format::Text,
            Format::Table => runbook::Format::Table,
            Format::Yaml => runbook::Format::Yaml,
        }),
        ..Comparison::default()
    }
}

fn lines(args: &ScoreArgs) -> Result<Exit, Problem> {
    let broken = |error: io::Error| Problem::of(Exit::Broken, &error);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut exit = Exit::Passed;
    for (number, line) in io::stdin().lock().split(b'\n').enumerate() {
        let line = line.map_err(broken)?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let answer = match report::pair::judge_line(&line, options::scorer(args.scorer)) {
            Ok(answer) => answer,
            Err(why) => {
                exit = Exit::Usage;
                report::pair::refusal(number + 1, &why)
            }
        };
        serde_json::to_writer(&mut out, &answer).map_err(|error| broken(error.into()))?;
        out.write_all(b"\n").map_err(broken)?;
    }
    out.flush().map_err(broken)?;
    Ok(exit)
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    let result = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    result.map_err(|error| Problem::new(Exit::Usage, format!("cannot read {}: {error}", path.display())))
}
