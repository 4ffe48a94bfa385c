//! Tables as `az -o table` and `kubectl get` print them: columns by header, rows by name.
//!
//! A table is recognised by its header: a rule of dashes below it, or words in capitals. Columns may come in another order, rows too;
//! white space may be collapsed as long as each row has one word for each column.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::HashMap;

use serde_json::{Map, Value};

use super::exact;
use super::label::ByHash;
use super::leaf::{Conflict, Likeness, Role, compare, compare_as, role, swapped, truth};
use super::marks::Lines;
use super::placeholder::is_placeholder;
use super::selector::Selection;
use super::state::{Relation, is_state, is_wrong, relate};
use super::tally::Tally;
use super::value;
use super::words::{Hashes, hash_bytes, is_elision};

/// The longest tables whose rows are matched by trying each with each.
const PAIRED_MAX: usize = 24;

/// What columns are called whose header cannot be read, by place.
const UNNAMED: [&str; 16] = ["#1", "#2", "#3", "#4", "#5", "#6", "#7", "#8", "#9", "#10", "#11", "#12", "#13", "#14", "#15", "#16"];

/// A table found in a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table<'a> {
    /// Column names as printed.
    pub header: Vec<&'a str>,
    /// Data rows in order; a row whose cells cannot be told apart has one cell.
    pub rows: Vec<Vec<&'a str>>,
    /// Whether rows were marked as left out.
    pub elided: bool,
    /// Whether a rule of dashes stands below the header.
    pub is_ruled: bool,
    /// The first line, from 0, and the line after the last.
    pub lines: (usize, usize),
}

/// A column of the document's table.
struct Column {
    /// Its name without case and punctuation.
    plain: String,
    role: Role,
    /// Where the output has it.
    place: Option<usize>,
    /// Whether it is called what should have become true: `SUCCEEDED`.
    is_state: bool,
}

/// What the headers of two tables make of their columns; tables of the same headers share it.
pub(super) struct Heads<'a> {
    expected: Vec<&'a str>,
    actual: Vec<&'a str>,
    columns: Vec<Column>,
    /// By which column of the document's a row is called.
    key: usize,
    /// Which columns of the output tell a state.
    states: Vec<usize>,
    /// The share of the document's columns that the output has.
    share: f64,
    /// Whether names stand in the first column on both sides.
    are_named: bool,
}

impl<'a> Heads<'a> {
    pub(super) fn of(expected: &Table<'a>, actual: &Table<'a>) -> Self {
        let places: HashMap<String, usize> = actual.header.iter().enumerate().rev().map(|(at, name)| (plain(name), at)).collect();
        let column = |name: &&str| {
            let plain = plain(name);
            let is_state = is_state(&plain) && !matches!(plain.as_str(), "enabled" | "exposed" | "open" | "active");
            Column { role: role(name, ""), place: places.get(&plain).copied(), is_state, plain }
        };
        let named = |header: &[&str]| header.first().is_some_and(|name| plain(name) == "name");
        Self {
            columns: expected.header.iter().map(column).collect(),
            key: key_column(&expected.header),
            states: (0..actual.header.len()).filter(|at| role(actual.header[*at], "") == Role::State).collect(),
            share: shared(&columns(expected), &columns(actual)),
            are_named: named(&expected.header) && named(&actual.header),
            expected: expected.header.clone(),
            actual: actual.header.clone(),
        }
    }

    /// Whether these are the headers of two tables.
    pub(super) fn are_of(&self, expected: &Table<'_>, actual: &Table<'_>) -> bool {
        self.expected == expected.header && self.actual == actual.header
    }
}

impl Table<'_> {
    /// Takes out the columns that are meant; rows whose cells cannot be told apart stay.
    pub(super) fn forget(&mut self, ignore: &Selection) {
        let kept: Vec<bool> = self.header.iter().map(|name| !ignore.names(name)).collect();
        let keep = |cells: &mut Vec<&str>| {
            let mut kept = kept.iter();
            cells.retain(|_| kept.next().copied().unwrap_or(true));
        };
        self.rows.iter_mut().filter(|row| row.len() == kept.len()).for_each(keep);
        keep(&mut self.header);
    }

    /// Each row as the members of an object.
    pub(super) fn objects(&self) -> Vec<Value> {
        let object = |row: &Vec<&str>| -> Map<String, Value> {
            self.header.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), Value::from(*cell))).collect()
        };
        self.rows.iter().map(object).map(Value::from).collect()
    }
}

/// The table that starts at the first line with something on it, whatever its header looks like.
pub(super) fn forced<'a>(lines: &Lines<'a>) -> Option<Table<'a>> {
    let at = lines.iter().position(|line| !line.trim().is_empty())?;
    let (groups, header): (Vec<usize>, Vec<&str>) = wide(lines[at]).into_iter().unzip();
    let (groups, header) = if header.len() > 1 { (groups, header) } else { (Vec::new(), lines[at].split_whitespace().collect()) };
    let mut table = Table { header, rows: Vec::new(), elided: false, is_ruled: false, lines: (at, at + 1) };
    rows(lines, &groups, &mut table);
    Some(table)
}

/// Finds all tables, in order.
pub(super) fn find<'a>(lines: &Lines<'a>) -> Vec<Table<'a>> {
    let mut tables = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let (marks, below) = (lines.marks(at), lines.marks(at + 1));
        let found = (marks.may_be_drawn().then(|| barred(lines, at)).flatten())
            .or_else(|| below.may_be_rule().then(|| ruled(lines, at)).flatten())
            .or_else(|| marks.may_be_capitals().then(|| capitals(lines, at)).flatten())
            .or_else(|| marks.may_be_named().then(|| aligned(lines, at)).flatten());
        match found {
            Some(table) => {
                at = table.lines.1;
                tables.push(table);
            }
            None => at += 1,
        }
    }
    tables
}

/// A header with a rule of dashes below it.
fn ruled<'a>(lines: &Lines<'a>, at: usize) -> Option<Table<'a>> {
    let rule = lines.get(at + 1)?;
    // A second rule below the first: a terminal has wrapped the header.
    if lines[at].trim().is_empty() || !is_rule(rule) || lines.get(at + 2).is_some_and(|next| is_rule(next)) || is_rule(lines[at]) {
        return None;
    }
    let groups: Vec<usize> = starts(rule).into_iter().map(|(start, _)| start).collect();
    // A header that lost its place names no columns.
    let header = cells(lines[at], &groups, groups.len())
        .or_else(|| single(lines[at], groups.len()))
        .or_else(|| (groups.len() > 2).then(|| UNNAMED.iter().copied().cycle().take(groups.len()).collect()))?;
    let mut table = Table { header, rows: Vec::new(), elided: false, is_ruled: true, lines: (at, at + 2) };
    rows(lines, &groups, &mut table);
    Some(table)
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3
        && matches!(line.as_bytes()[0], b'-' | b'=' | b'+' | b'|')
        && line.bytes().all(|byte| matches!(byte, b'-' | b' ' | b'=' | b'+' | b'|'))
        && line.contains("---")
}

/// A header of words in capitals, two or more, with a row below it that is none.
fn capitals<'a>(lines: &Lines<'a>, at: usize) -> Option<Table<'a>> {
    let line = lines[at];
    let is_header = |line: &str| {
        let mut words = 0;
        line.split_whitespace().all(|word| {
            words += 1;
            word.bytes().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'(' | b')' | b'%' | b'-' | b'_' | b'/' | b'.'))
                && word.len() >= 2
                && word.bytes().any(|byte| byte.is_ascii_uppercase())
                || words > 1 && word == "OF"
        }) && words >= 2
    };
    if !is_header(line) || line.contains(": ") {
        return None;
    }
    let next = lines.get(at + 1).map_or("", |next| next.trim());
    if !next.is_empty() && is_header(next) {
        return None;
    }
    let spaced = wide(line);
    let spaced_cells = spaced.len();
    let (header, groups) = if spaced.len() >= 2 {
        let (groups, header): (Vec<usize>, Vec<&str>) = spaced.into_iter().unzip();
        (header, groups)
    } else {
        (line.split_whitespace().collect(), Vec::new())
    };
    let mut table = Table { header, rows: Vec::new(), elided: false, is_ruled: false, lines: (at, at + 1) };
    rows(lines, &groups, &mut table);
    // `BUILD SUCCESS` has nothing below it that has two cells.
    let is_sentence = spaced_cells < 2 && table.header.len() == 2 && !table.rows.is_empty() && table.rows.iter().all(|row| row.len() != 2);
    (!is_sentence).then_some(table)
}

/// A header of which every cell begins with a capital, and rows whose cells all begin below those of the header.
fn aligned<'a>(lines: &Lines<'a>, at: usize) -> Option<Table<'a>> {
    const NAME_BYTES_MAX: usize = 30;
    let line = lines[at];
    if !line.trim_start().starts_with(|c: char| c.is_uppercase()) || line.contains([':', '=']) {
        return None;
    }
    let header = wide(line);
    let is_name = |cell: &str| cell.starts_with(|c: char| c.is_uppercase()) && cell.len() <= NAME_BYTES_MAX && !cell.ends_with(['.', ',']);
    if header.len() < 2 || !header.iter().all(|(_, cell)| is_name(cell)) {
        return None;
    }
    let (groups, header): (Vec<usize>, Vec<&str>) = header.into_iter().unzip();
    let fits = |line: &&str| {
        let cells = wide(line);
        cells.len() == groups.len() && cells.iter().zip(&groups).all(|((start, _), column)| start == column)
    };
    let wanted = if header.len() > 2 { 1 } else { 2 };
    let is_table = lines.len() > at + wanted && lines[at + 1..=at + wanted].iter().all(|line| fits(line) && !line.contains(": "));
    if !is_table {
        return None;
    }
    let mut table = Table { header, rows: Vec::new(), elided: false, is_ruled: false, lines: (at, at + 1) };
    rows(lines, &groups, &mut table);
    Some(table)
}

/// Cells between bars, as SQL clients and Markdown draw them: a header between rules, or with one below it.
fn barred<'a>(lines: &Lines<'a>, at: usize) -> Option<Table<'a>> {
    let is_bar_rule = |line: &&str| is_rule(line) && line.trim().contains(['+', '|']) || is_drawn_rule(line);
    let is_beside_rule = lines.get(at + 1).is_some_and(is_bar_rule) || at > 0 && is_bar_rule(&lines[at - 1]);
    if !lines[at].contains(['|', '│', '┃']) || is_bar_rule(&lines[at]) || !is_beside_rule {
        return None;
    }
    let header = between_bars(lines[at]);
    if header.len() < 2 {
        return None;
    }
    let mut table = Table { header, rows: Vec::new(), elided: false, is_ruled: true, lines: (at, at + 1) };
    while let Some(line) = lines.get(table.lines.1) {
        if is_bar_rule(line) {
            // The last rule is part of the table, too.
        } else if is_elision(line) {
            table.elided = true;
        } else if line.contains(['|', '│', '┃']) {
            table.rows.push(between_bars(line));
        } else {
            break;
        }
        table.lines.1 += 1;
    }
    Some(table)
}

/// A rule of the characters for drawing boxes.
fn is_drawn_rule(line: &str) -> bool {
    let line = line.trim();
    line.starts_with(['─', '━', '═', '├', '╞', '┌', '└', '┏', '┗', '┡', '╔', '╚', '╠'])
        && line.chars().all(|c| matches!(c, '\u{2500}'..='\u{257f}' | '-' | '+' | ' '))
}

fn between_bars(line: &str) -> Vec<&str> {
    let line = line.trim();
    let inner = line.strip_prefix(['|', '│', '┃']).unwrap_or(line);
    let inner = if inner.len() < line.len() { inner.strip_suffix(['|', '│', '┃']).unwrap_or(inner) } else { inner };
    inner.split(['|', '│', '┃']).map(str::trim).collect()
}

fn rows<'a>(lines: &Lines<'a>, groups: &[usize], table: &mut Table<'a>) {
    let columns = table.header.len();
    let indent = groups.first().copied().unwrap_or_default();
    let mut is_spaced = false;
    while let Some(line) = lines.get(table.lines.1) {
        let text = line.trim();
        // Some clients leave a blank line between all rows.
        if text.is_empty() && (is_spaced || table.rows.is_empty()) && is_row_after_blank(lines, table.lines.1 + 1, groups, columns) {
            is_spaced = true;
            table.lines.1 += 1;
            continue;
        }
        // What is indented less than the header is no row of it.
        if indent > 0 && line.chars().take_while(|c| c.is_whitespace()).count() < indent && !text.starts_with(['.', '…']) {
            if text.starts_with(|c: char| c.is_uppercase()) && text.contains(':') {
                return;
            }
            table.lines.1 += 1;
            continue;
        }
        // Three dashes alone stand between two outputs.
        let is_apart = |line: &str| columns > 1 && line.trim() == "---";
        if text.is_empty()
            || is_apart(text)
            || lines.marks(table.lines.1 + 1).may_be_rule() && is_rule(lines[table.lines.1 + 1]) && !is_apart(lines[table.lines.1 + 1])
        {
            return;
        }
        if text.starts_with("...")
            || text.starts_with('…')
            || text.starts_with('#')
            || is_elision(text)
            || text.starts_with('<') && text.ends_with('>') && text.contains("...")
        {
            table.elided = true;
        } else {
            table.rows.push(cells(line, groups, columns).or_else(|| single(line, columns)).unwrap_or_else(|| vec![text]));
        }
        table.lines.1 += 1;
    }
}

/// Whether a line that follows a blank one still belongs to the table above, and begins no other.
fn is_row_after_blank(lines: &[&str], at: usize, groups: &[usize], columns: usize) -> bool {
    let Some(line) = lines.get(at).filter(|line| !line.trim().is_empty()) else { return false };
    let is_read = columns > 2 && cells(line, groups, columns).or_else(|| single(line, columns)).is_some();
    let is_header = !lines.get(at + 1).is_none_or(|next| next.trim().is_empty());
    is_read && !is_header
}

/// Splits a line at the columns' places when it is aligned to them, else at wide gaps when that gives the right number.
fn cells<'a>(line: &'a str, groups: &[usize], columns: usize) -> Option<Vec<&'a str>> {
    let mut wide_cells = Vec::with_capacity(columns);
    each_wide(line, |_, cell| wide_cells.push(cell));
    if wide_cells.len() == columns {
        return Some(wide_cells);
    }
    if groups.len() != columns || columns == 0 {
        return None;
    }
    if columns == 1 {
        return Some(vec![line.trim()]);
    }
    below(line, groups).or_else(|| parted(line, groups)).or_else(|| nearest(line, groups))
}

/// Cells that begin at the place of a column or after a wide gap, as where one was too long for its column.
fn parted<'a>(line: &'a str, groups: &[usize]) -> Option<Vec<&'a str>> {
    let mut starts = Vec::with_capacity(groups.len());
    let (mut spaces, mut wanted) = (2, groups.iter().copied().peekable());
    for (column, (offset, character)) in line.char_indices().enumerate() {
        while wanted.peek().is_some_and(|start| *start < column) {
            wanted.next();
        }
        if matches!(character, ' ' | '\t') {
            spaces += if character == '\t' { 2 } else { 1 };
            continue;
        }
        if spaces >= 2 || spaces == 1 && wanted.peek() == Some(&column) {
            starts.push(offset);
        }
        spaces = 0;
    }
    let ends = starts.iter().skip(1).copied().chain(std::iter::once(line.len()));
    (starts.len() == groups.len()).then(|| starts.iter().zip(ends).map(|(start, end)| line[*start..end].trim()).collect())
}

/// Cells below the columns whose names they are nearest to, a few characters off at most; columns without one are empty.
fn nearest<'a>(line: &'a str, groups: &[usize]) -> Option<Vec<&'a str>> {
    const OFF_MAX: usize = 3;
    // Cells that only stand too close to each other are told apart by words.
    if line.split_whitespace().count() >= groups.len() {
        return None;
    }
    let found = wide(line);
    let mut cells = vec![""; groups.len()];
    let mut from = 0;
    for (start, cell) in &found {
        let column = (from..groups.len()).min_by_key(|column| groups[*column].abs_diff(*start))?;
        if groups[column].abs_diff(*start) > OFF_MAX {
            return None;
        }
        cells[column] = cell;
        from = column + 1;
    }
    (found.len() > 1).then_some(cells)
}

/// Cells that begin at the places of the columns.
fn below<'a>(line: &'a str, groups: &[usize]) -> Option<Vec<&'a str>> {
    let columns = groups.len();
    let mut offsets = Vec::with_capacity(columns);
    let mut wanted = groups.iter().skip(1).peekable();
    let mut before = None;
    for (column, (offset, character)) in line.char_indices().enumerate() {
        let Some(start) = wanted.peek() else { break };
        if column + 1 == **start {
            before = Some(character);
        }
        if column == **start {
            if before.is_some_and(|before| before != ' ') {
                return None;
            }
            offsets.push(offset);
            wanted.next();
        }
    }
    // The line ends just before a column.
    if wanted.peek().is_some_and(|start| before.is_some_and(|before| before != ' ') && line.chars().count() == **start) {
        return None;
    }
    let starts = std::iter::once(0).chain(offsets.iter().copied()).chain(std::iter::repeat(line.len()));
    let ends = offsets.iter().copied().chain(std::iter::repeat(line.len()));
    Some(starts.zip(ends).take(columns).map(|(start, end)| line[start..end.max(start)].trim()).collect())
}

fn single(line: &str, columns: usize) -> Option<Vec<&str>> {
    let words: Vec<&str> = line.split_whitespace().collect();
    (words.len() == columns).then_some(words)
}

/// Cells between gaps of two or more spaces or a tab, with their first column in characters.
fn wide(line: &str) -> Vec<(usize, &str)> {
    let mut cells = Vec::new();
    each_wide(line, |column, cell| cells.push((column, cell)));
    cells
}

fn each_wide<'a>(line: &'a str, mut found: impl FnMut(usize, &'a str)) {
    let mut start: Option<(usize, usize)> = None;
    let mut spaces = 0;
    let mut last = 0;
    let mut column = 0;
    for (offset, byte) in line.bytes().enumerate() {
        // Only the first byte of a character makes a column.
        if byte & 0xC0 == 0x80 {
            last = offset + 1;
            continue;
        }
        column += 1;
        if byte == b' ' || byte == b'\t' {
            spaces += if byte == b'\t' { 2 } else { 1 };
            continue;
        }
        if spaces >= 2
            && let Some((column, from)) = start.take()
        {
            found(column, &line[from..last]);
        }
        spaces = 0;
        start.get_or_insert((column - 1, offset));
        last = offset + 1;
    }
    if let Some((column, from)) = start {
        found(column, &line[from..last]);
    }
}

/// Words with their first column in characters.
fn starts(line: &str) -> Vec<(usize, char)> {
    let mut previous = ' ';
    let mut found = Vec::new();
    for (column, character) in line.chars().enumerate() {
        if character != ' ' && matches!(previous, ' ' | '\t') {
            found.push((column, character));
        }
        previous = character;
    }
    found
}

/// A column's name without case and punctuation.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether the cells of all rows can be told apart.
pub(super) fn is_read(table: &Table<'_>) -> bool {
    table.rows.iter().all(|row| row.len() == table.header.len())
}

/// The names of a table's columns without case and punctuation, hashed.
pub(super) fn columns(table: &Table<'_>) -> Vec<u64> {
    table.header.iter().map(|name| hash_bytes(plain(name).as_bytes())).collect()
}

/// The share of `expected`'s columns that `actual` has, 0 to 1.
pub(super) fn shared(expected: &[u64], actual: &[u64]) -> f64 {
    let found = expected.iter().filter(|name| actual.contains(name)).count();
    found as f64 / expected.len().max(1) as f64
}

/// Compares a table of the document with one of the output.
pub(super) fn compare_tables(expected: &Table<'_>, actual: &Table<'_>, heads: &Heads<'_>, exact: &Selection) -> Tally {
    let mut tally = Tally::default();
    let columns = &heads.columns;
    for (name, column) in expected.header.iter().zip(columns) {
        let credit = if column.place.is_some() { 1.0 } else { 0.0 };
        tally.add(Likeness { weight: 0.3, credit, conflict: None }, || format!("column {name}"), name, "");
    }
    let mut seen = superseded(expected, actual, heads);
    let pairs = pair(expected, actual, heads, seen.clone());
    let stem_of =
        |row: &Vec<&str>| row.get(heads.key).map(|name| (name, stem(name))).filter(|(name, stem)| stem != **name).map(|(_, stem)| stem);
    // A missing replica is told by its sibling; where none is missing nobody asks.
    let present: HashMap<String, usize> = if pairs.contains(&None) {
        expected.rows.iter().zip(&pairs).filter_map(|(row, partner)| Some((stem_of(row)?, (*partner)?))).collect()
    } else {
        HashMap::new()
    };
    for (index, partner) in pairs.iter().enumerate() {
        // How many replicas there are is the run's business: one that is missing is told by its sibling, half.
        let sibling = if partner.is_none() { stem_of(&expected.rows[index]).and_then(|stem| present.get(&stem)) } else { None };
        let printed = partner.as_ref().or(sibling).map(|at| &actual.rows[*at]);
        let mut row = compare_rows(expected, index, printed, columns);
        if !exact.is_empty() {
            exact_cells(expected, index, printed, columns, exact, &mut row);
        }
        if sibling.is_some() {
            row.credit *= 0.5;
        }
        tally.absorb(row);
    }
    if !expected.elided {
        pairs.iter().flatten().for_each(|at| seen[*at] = true);
        wrong_extra_rows(expected, actual, &heads.states, &seen, &mut tally);
    }
    // A table without a column of the document's is likely another command's.
    tally.credit *= heads.share * heads.share;
    // az prints what its command is about: many more columns are another command's. kubectl has its wide form.
    if expected.is_ruled && actual.header.len() > 2 * expected.header.len() {
        tally.credit *= 0.5;
    }
    tally
}

/// Notes the cells that must be the same to the letter and are not.
fn exact_cells(expected: &Table<'_>, index: usize, actual: Option<&Vec<&str>>, columns: &[Column], exact: &Selection, tally: &mut Tally) {
    for ((name, cell), column) in expected.header.iter().zip(&expected.rows[index]).zip(columns) {
        let printed = column.place.and_then(|at| actual?.get(at).copied()).unwrap_or_default();
        if exact.names(name) && !exact::line(cell, printed) {
            tally.contradict(Conflict::Exact, &cell_path(&expected.header, &expected.rows[index], name, index), cell, printed);
        }
    }
}

/// Rows beyond the document's that report a failure where all that the document shows is well.
fn wrong_extra_rows(expected: &Table<'_>, actual: &Table<'_>, states: &[usize], seen: &[bool], tally: &mut Tally) {
    let shown_wrong = LazyCell::new(|| expected.rows.iter().flatten().any(|cell| is_wrong(cell)));
    for (index, row) in actual.rows.iter().enumerate().filter(|(index, row)| !seen[*index] && row.len() == actual.header.len()) {
        for at in states {
            if is_wrong(row[*at]) && !*shown_wrong {
                tally.contradict(Conflict::State, &cell_path(&actual.header, row, actual.header[*at], index), "", row[*at]);
            }
        }
    }
}

fn compare_rows(expected: &Table<'_>, index: usize, actual: Option<&Vec<&str>>, columns: &[Column]) -> Tally {
    let mut tally = Tally::default();
    let row = &expected.rows[index];
    if row.len() != expected.header.len() {
        // Cells that cannot be told apart are compared as words by the judge of prose.
        let likeness = match actual {
            Some(printed) => compare("", "", &row.join(" "), Some(&printed.join(" "))),
            None => compare("", "", &row.join(" "), None),
        };
        tally.add(likeness, || format!("row {}", index + 1), &row.join(" "), &actual.map(|printed| printed.join(" ")).unwrap_or_default());
        return tally;
    }
    for ((name, cell), column) in expected.header.iter().zip(row).zip(columns) {
        let printed = match (actual, column.place) {
            (Some(printed), Some(at)) => printed.get(at).copied(),
            _ => None,
        };
        let mut likeness = cell_likeness(name, column, cell, printed);
        // A row whose cells cannot be told apart still has the state among its words, or another.
        let unread = actual.filter(|printed| printed.len() == 1 && expected.header.len() > 1);
        if let Some(line) = unread
            && column.role == Role::State
            && is_state(cell)
        {
            let holds = line[0].split_whitespace().any(|word| relate(cell, word) != Relation::Contradicts);
            likeness.credit = if holds { 1.0 } else { 0.0 };
            likeness.conflict = (!holds).then_some(Conflict::State);
        }
        tally.add(likeness, || cell_path(&expected.header, row, name, index), cell, printed.unwrap_or_default());
    }
    let cells = expected.header.iter().zip(row).zip(columns).filter_map(|((name, cell), column)| {
        let printed = actual?.get(column.place?)?;
        (column.role != Role::Soft).then_some((*name, *cell, *printed))
    });
    if let Some((name, shown, printed)) = swapped(&cells.collect::<Vec<_>>()) {
        tally.contradict(Conflict::Value, &cell_path(&expected.header, row, name, index), shown, printed);
    }
    tally
}

fn cell_likeness(name: &str, column: &Column, expected: &str, actual: Option<&str>) -> Likeness {
    // az calls a column of values without names so.
    let mut likeness = if column.plain == "result" || name.starts_with('#') {
        value::likeness(expected, actual)
    } else {
        compare_as(column.role, name, expected, actual)
    };
    // `SUCCEEDED False`: the column is called what should have become true.
    if column.is_state && likeness.conflict == Some(Conflict::Value) && truth(expected).is_some() {
        likeness.conflict = Some(Conflict::State);
    }
    // An address that is still pending is not there yet.
    if column.plain == "externalip"
        && matches!(actual, Some("<pending>" | "<none>" | ""))
        && !matches!(expected, "<pending>" | "<none>" | "pending")
    {
        return Likeness { weight: 1.0, credit: 0.0, conflict: Some(Conflict::State) };
    }
    if matches!(column.plain.as_str(), "roles" | "nominatednode" | "readinessgates" | "nodeselector") {
        likeness.conflict = None;
        likeness.weight = 0.3;
    }
    likeness
}

/// For each expected row the place of its partner: the same name, then the same name without its generated part, then the most alike.
///
/// `used` tells which rows have no part in it.
fn pair(expected: &Table<'_>, actual: &Table<'_>, heads: &Heads<'_>, mut used: Vec<bool>) -> Vec<Option<usize>> {
    let (key, columns) = (heads.key, &heads.columns);
    let mut pairs: Vec<Option<usize>> = vec![None; expected.rows.len()];
    if let Some(place) = columns.get(key).and_then(|column| column.place) {
        for fold in [whole as fn(&str) -> Cow<'_, str>, without_generated] {
            if !pairs.contains(&None) {
                break;
            }
            let folded = |name: &str| hash_bytes(fold(name).as_bytes());
            // For each name the first row that has it, and for each row the next of its name; places count from 1, and 0 is none.
            let mut first: ByHash<usize> = ByHash::default();
            let mut next = vec![0; actual.rows.len()];
            for (at, row) in actual.rows.iter().enumerate().rev().filter(|(at, _)| !used[*at]) {
                if let Some(name) = row.get(place) {
                    next[at] = first.insert(folded(name), at + 1).unwrap_or(0);
                }
            }
            for (row, partner) in expected.rows.iter().zip(&mut pairs).filter(|(_, partner)| partner.is_none()) {
                let same = row.get(key).and_then(|name| first.get_mut(&folded(name)).filter(|first| **first > 0));
                if let Some(same) = same {
                    let at = *same - 1;
                    *same = next[at];
                    *partner = Some(at);
                    used[at] = true;
                }
            }
        }
    }
    let open: Vec<usize> = (0..pairs.len()).filter(|index| pairs[*index].is_none()).collect();
    let free: Vec<usize> = (0..used.len()).filter(|at| !used[*at]).collect();
    if open.len() <= PAIRED_MAX && free.len() <= PAIRED_MAX {
        let mut ranked: Vec<(f64, usize, usize)> = open
            .iter()
            .flat_map(|index| free.iter().map(|at| (compare_rows(expected, *index, Some(&actual.rows[*at]), columns).rank(), *index, *at)))
            .collect();
        ranked.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)).then(left.2.cmp(&right.2)));
        for (_, index, at) in ranked {
            if pairs[index].is_none() && !used[at] {
                pairs[index] = Some(at);
                used[at] = true;
            }
        }
    } else {
        for (index, at) in open.into_iter().zip(free) {
            pairs[index] = Some(at);
        }
    }
    pairs
}

/// Which rows a later one of the same name replaces, as `--watch` prints them; none where the document shows a name twice itself.
fn superseded(expected: &Table<'_>, actual: &Table<'_>, heads: &Heads<'_>) -> Vec<bool> {
    let mut replaced = vec![false; actual.rows.len()];
    if !heads.are_named {
        return replaced;
    }
    let name = |row: &[&str]| hash_bytes(row[0].as_bytes());
    let mut shown = Hashes::default();
    if !expected.rows.iter().all(|row| shown.insert(name(row))) {
        return replaced;
    }
    let mut last: ByHash<usize> = ByHash::default();
    for (at, row) in actual.rows.iter().enumerate().filter(|(_, row)| row.len() > 1) {
        if let Some(before) = last.insert(name(row), at) {
            replaced[before] = true;
        }
    }
    replaced
}

fn whole(name: &str) -> Cow<'_, str> {
    Cow::Borrowed(name)
}

fn without_generated(name: &str) -> Cow<'_, str> {
    Cow::Owned(stem(name))
}

fn key_column(header: &[&str]) -> usize {
    header.iter().position(|name| matches!(plain(name).as_str(), "name" | "object" | "id")).unwrap_or(0)
}

/// A cell as one speaks of it: `STATUS of web-1`; by number where the row has no name, and for the name itself.
fn cell_path(header: &[&str], row: &[&str], name: &str, index: usize) -> String {
    let key = key_column(header);
    match row.get(key).filter(|called| !called.is_empty() && header[key] != name && row.len() == header.len()) {
        Some(called) => format!("{name} of {called}"),
        None => format!("{name}[{}]", index + 1),
    }
}

/// A name without what was generated: `trino-6f9c-x2x` and `trino-xxxxx-xxxxx` are both `trino`.
pub(super) fn stem(name: &str) -> String {
    let parts = name.split(['-', '.']).take_while(|part| !is_placeholder(part) && !part.bytes().any(|byte| byte.is_ascii_digit()));
    let stem = parts.collect::<Vec<_>>().join("-");
    if stem.is_empty() { name.to_owned() } else { stem }
}

#[cfg(test)]
mod tests {
    use super::{Heads, Lines, Selection, compare_tables, find};
    use crate::score::leaf::Conflict;

    const PODS: &str = "NAME      READY   STATUS    RESTARTS   AGE\nweb-0     1/1     Running   0          3m\ndb-xxxxx  1/1     Running   0          2m\n";

    #[track_caller]
    fn check(expected: &str, actual: &str) -> super::Tally {
        fn table(text: &str) -> super::Table<'_> {
            find(&Lines::of(text)).into_iter().next().unwrap_or_else(|| panic!("no table in {text}"))
        }
        let (expected, actual) = (table(expected), table(actual));
        compare_tables(&expected, &actual, &Heads::of(&expected, &actual), &Selection::default())
    }

    #[test]
    fn order_ages_hashes_and_more_columns_do_not_matter() {
        let actual = "NAMESPACE  NAME          READY  STATUS   RESTARTS     AGE  IP\nx          db-7f9c4d     1/1    Running  3 (2m ago)   12d  10.0.0.1\nx          web-0         1/1    Running  0            9s   10.0.0.2\n";
        let tally = check(PODS, actual);
        assert!(tally.contradictions.is_empty() && tally.coverage() > 0.95, "{tally:?}");
    }

    #[test]
    fn collapsed_white_space_is_read() {
        let tally = check(PODS, "NAME READY STATUS RESTARTS AGE\nweb-0 1/1 Running 0 3m\ndb-a1b2c 1/1 Running 0 2m\n");
        assert!(tally.contradictions.is_empty() && tally.coverage() > 0.95, "{tally:?}");
    }

    #[test]
    fn a_row_in_another_state_contradicts() {
        let tally = check(
            PODS,
            "NAME   READY   STATUS              RESTARTS   AGE\nweb-0  1/1     Running             0          3m\ndb-1   0/1     CrashLoopBackOff    4          2m\n",
        );
        assert_eq!(tally.contradictions[0].conflict, Conflict::State);
        assert_eq!(tally.contradictions[0].path, "READY of db-xxxxx");
        let extra = format!("{PODS}odd-1     0/1     ErrImagePull   0          3m\n");
        assert_eq!(check(PODS, &extra).contradictions[0].path, "STATUS of odd-1");
    }

    #[test]
    fn headers_with_rules_of_dashes_are_read_with_their_blank_cells() {
        let text = "Name         ResourceGroup   Location    KubernetesVersion    ProvisioningState\n-----------  --------------- ----------- -------------------- -------------------\npg-ha-aks   pg-ha-rg       West Europe     1.20.7               Succeeded\n";
        let tables = find(&Lines::of(text));
        assert_eq!(tables[0].rows[0], ["pg-ha-aks", "pg-ha-rg", "West Europe", "1.20.7", "Succeeded"]);
        let blank = "A     Name  B\n----  ----  ----\nx           y\n";
        assert_eq!(find(&Lines::of(blank))[0].rows[0], ["x", "", "y"]);
        let tally = check(text, "Name  Location  ProvisioningState\n----  --------  -----------------\nx     eastus    Failed\n");
        assert_eq!(tally.contradictions[0].conflict, Conflict::State);
    }

    #[test]
    fn prose_is_no_table() {
        for text in [
            "Hello world\nsecond line",
            "BUILD SUCCESS\nTotal time 3.2 s\nFinished at noon today",
            "ERROR: NOT FOUND\nx",
            "A B\n",
            "NAME: x\nSTATUS: y",
            "# Title\n",
        ] {
            assert!(find(&Lines::of(text)).is_empty(), "{text}");
        }
    }
}
