//! A recorded session: prompts with commands behind them, and what they printed in between.
//!
//! Deliberately absent: the syntax of bash. Whether a command goes on in the next line is decided by open quotes, brackets, here-documents
//! and compound commands, as far as a line shows them.

/// Consecutive commands of a session, and what the last of them printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exchange {
    /// The line of the block, from 0, where the script starts.
    pub(super) line: usize,
    /// The commands without their prompts; one line for each of the block.
    pub(super) script: String,
    /// The line where the output starts, and the output; none when nothing was printed.
    pub(super) output: Option<(usize, String)>,
}

/// Reads a block that starts with a prompt, comments before it allowed; none for any other block.
pub(super) fn exchanges(block: &str) -> Option<Vec<Exchange>> {
    let lines: Vec<&str> = block.lines().collect();
    let first = lines.iter().position(|line| !line.trim().is_empty() && !is_comment(line))?;
    command(lines[first])?;
    let mut reader = Reader { exchanges: Vec::new(), open: None };
    let mut at = 0;
    while at < lines.len() {
        // Comments directly above a prompt belong to it.
        let prompt = at + lines[at..].iter().take_while(|line| is_comment(line)).count();
        if lines.get(prompt).copied().and_then(command).is_none() {
            reader.output(at, lines[at]);
            at += 1;
            continue;
        }
        for (line, comment) in lines.iter().enumerate().take(prompt).skip(at) {
            reader.command(line, comment.trim_start());
        }
        at = prompt;
        let mut syntax = Syntax::default();
        let mut text = command(lines[at]).unwrap_or_default();
        loop {
            reader.command(at, text);
            syntax.take(text);
            at += 1;
            let Some(next) = lines.get(at).filter(|_| !syntax.is_complete()) else { break };
            if syntax.here_documents.is_empty() && command(next).is_some() {
                break;
            }
            text = secondary(next).unwrap_or(next);
        }
    }
    Some(reader.end())
}

/// What stands behind the prompt of a line; none for a line without one.
///
/// A prompt is `$ ` with nothing before it, or with a word such as `user@host:~/dir` or `[user@host dir]`.
fn command(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let (before, after) = line.split_once('$')?;
    let is_prompt = match before {
        "" => true,
        _ if before.len() > 100 => false,
        _ => {
            let inner = before.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(before).trim_end();
            let blanks = inner.matches(' ').count();
            inner.contains('@') && blanks <= 1 && !inner.contains(['=', '"', '\'', '`', '{', ';', '|', '<', '>'])
        }
    };
    let after = if after.is_empty() { "" } else { after.strip_prefix([' ', '\t'])? };
    is_prompt.then_some(after)
}

/// A line that the shell asked for with its secondary prompt.
fn secondary(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if line == ">" { Some("") } else { line.strip_prefix("> ") }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

struct Reader {
    exchanges: Vec<Exchange>,
    open: Option<Exchange>,
}

impl Reader {
    fn command(&mut self, line: usize, text: &str) {
        let has_output = self.open.as_ref().is_some_and(|open| open.output.as_ref().is_some_and(|(_, output)| !output.trim().is_empty()));
        if has_output {
            self.close();
        }
        let open = self.open.get_or_insert_with(|| Exchange { line, script: String::new(), output: None });
        // Blank lines between two prompts are lines of the script, so that its lines stay those of the document.
        if let Some((_, blank)) = open.output.take() {
            open.script.push_str(&"\n".repeat(blank.lines().count()));
        }
        open.script.push_str(text);
        open.script.push('\n');
    }

    fn output(&mut self, line: usize, text: &str) {
        let Some(open) = &mut self.open else { return };
        let (_, output) = open.output.get_or_insert_with(|| (line, String::new()));
        output.push_str(text);
        output.push('\n');
    }

    fn close(&mut self) {
        let Some(mut exchange) = self.open.take() else { return };
        // The blank lines around an output are there for the reader.
        exchange.output = exchange.output.and_then(|(line, text)| {
            let blanks = text.lines().take_while(|line| line.trim().is_empty()).count();
            let lines: Vec<&str> = text.lines().skip(blanks).collect();
            let last = lines.iter().rposition(|line| !line.trim().is_empty())?;
            Some((line + blanks, lines[..=last].join("\n") + "\n"))
        });
        if !exchange.script.trim().is_empty() {
            self.exchanges.push(exchange);
        }
    }

    fn end(mut self) -> Vec<Exchange> {
        self.close();
        self.exchanges
    }
}

/// What is open at the end of the lines that were taken in.
#[derive(Default)]
struct Syntax {
    quote: Option<char>,
    brackets: usize,
    compounds: usize,
    here_documents: Vec<HereDocument>,
    /// The line ends in the middle of a command.
    goes_on: bool,
}

struct HereDocument {
    delimiter: String,
    strips_tabs: bool,
}

impl Syntax {
    fn is_complete(&self) -> bool {
        self.quote.is_none() && self.brackets == 0 && self.compounds == 0 && self.here_documents.is_empty() && !self.goes_on
    }

    fn take(&mut self, line: &str) {
        if let Some(open) = self.here_documents.first() {
            let text = if open.strips_tabs { line.trim_start_matches('\t') } else { line };
            if text == open.delimiter {
                self.here_documents.remove(0);
            }
            return;
        }
        self.goes_on = false;
        let mut word = String::new();
        let mut letters = line.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            match (self.quote, letter) {
                (Some('\''), '\'') | (Some('"'), '"') => self.quote = None,
                (Some('\''), _) => {}
                (_, '\\') => {
                    self.goes_on = letters.next().is_none();
                    word.push('\\');
                }
                (Some(_), _) => {}
                (None, '\'' | '"') => {
                    self.quote = Some(letter);
                    word.push(letter);
                }
                (None, '#') if word.is_empty() => break,
                (None, '<') if line[at..].starts_with("<<") && !line[at..].starts_with("<<<") => {
                    letters.next();
                    self.here_document(&line[at + 2..]);
                }
                (None, '<') if line[at..].starts_with("<<<") => {
                    letters.next();
                    letters.next();
                }
                // `)` of a pattern of `case` closes nothing.
                (None, '(' | ')' | '{' | '}' | ';' | '|' | '&' | ' ' | '\t') => {
                    self.word(&std::mem::take(&mut word));
                    match letter {
                        '(' | '{' => self.brackets += 1,
                        ')' | '}' => self.brackets = self.brackets.saturating_sub(1),
                        _ => {}
                    }
                }
                (None, _) => word.push(letter),
            }
        }
        self.word(&word);
        let code = line.trim_end();
        self.goes_on |= self.quote.is_none() && (code.ends_with("&&") || code.ends_with('|'));
    }

    /// Counts the words that open and close a compound command.
    fn word(&mut self, word: &str) {
        match word {
            "do" | "if" | "case" => self.compounds += 1,
            "done" | "fi" | "esac" => self.compounds = self.compounds.saturating_sub(1),
            _ => {}
        }
    }

    fn here_document(&mut self, rest: &str) {
        let (strips_tabs, rest) = match rest.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let word = rest.trim_start().split([' ', '\t', ';', '|', '&', '>', ')']).next().unwrap_or_default();
        let delimiter: String = word.chars().filter(|letter| !matches!(letter, '"' | '\'' | '\\')).collect();
        if !delimiter.is_empty() {
            self.here_documents.push(HereDocument { delimiter, strips_tabs });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each exchange as `LINE script` and, below it, `LINE> output`.
    #[track_caller]
    fn check(block: &str, expected: &[&str]) {
        let found: Vec<String> = exchanges(block)
            .unwrap_or_default()
            .iter()
            .flat_map(|exchange| {
                let output = exchange.output.as_ref().map(|(line, text)| format!("{line}> {}", text.escape_debug()));
                std::iter::once(format!("{} {}", exchange.line, exchange.script.escape_debug())).chain(output)
            })
            .collect();
        assert_eq!(found, expected, "{block}");
    }

    #[test]
    fn each_prompt_with_its_output_is_an_exchange() {
        check("$ a\nuno\n$ b\n\n dos\n\n\n$ c\n", &["0 a\\n", "1> uno\\n", "2 b\\n", "4>  dos\\n", "7 c\\n"]);
    }

    #[test]
    fn prompts_without_output_between_them_are_one_script_with_its_lines() {
        check("$ cd x\n\n$ make\nok\n", &["0 cd x\\n\\nmake\\n", "3> ok\\n"]);
        check("# Primero\n$ a\n# luego\n$ b\n$\n", &["0 # Primero\\na\\n# luego\\nb\\n\\n"]);
        check("$ a\nx\n# luego\n$ b\n", &["0 a\\n", "1> x\\n", "2 # luego\\nb\\n"]);
    }

    #[test]
    fn prompts_may_name_who_and_where() {
        check("ana@maquina:~/src$ ls\nx\n[ana@maquina src]$ pwd\n/src\n", &["0 ls\\n", "1> x\\n", "2 pwd\\n", "3> /src\\n"]);
        check("   $ sangrado\n   x\n", &["0 sangrado\\n", "1>    x\\n"]);
    }

    #[test]
    fn a_command_goes_on_while_something_is_open() {
        check("$ az group create \\\n    --name a\nok\n", &["0 az group create \\\\\\n    --name a\\n", "2> ok\\n"]);
        check("$ az group create \\\n> --name a\nok\n", &["0 az group create \\\\\\n--name a\\n", "2> ok\\n"]);
        check("$ echo 'uno\n> dos'\nuno\n", &["0 echo \\'uno\\ndos\\'\\n", "2> uno\\n"]);
        check("$ for x in 1 2; do\n>   echo $x\n> done\n1\n", &["0 for x in 1 2; do\\n  echo $x\\ndone\\n", "3> 1\\n"]);
        check("$ ls |\n> wc -l\n3\n", &["0 ls |\\nwc -l\\n", "2> 3\\n"]);
        check("$ f() {\n  echo a\n}\n$ f\na\n", &["0 f() {\\n  echo a\\n}\\nf\\n", "4> a\\n"]);
        check("$ echo $(date\n> )\nhoy\n", &["0 echo $(date\\n)\\n", "2> hoy\\n"]);
    }

    #[test]
    fn here_documents_reach_to_their_delimiter_with_and_without_prompts() {
        check("$ cat <<EOF\n$ uno\n> dos\nEOF\nuno\n", &["0 cat <<EOF\\n$ uno\\ndos\\nEOF\\n", "4> uno\\n"]);
        check("$ cat <<-'FIN' > x\n> uno\n> FIN\n$ b\n", &["0 cat <<-\\'FIN\\' > x\\nuno\\nFIN\\nb\\n"]);
        check("$ cat <<< 'x'\nx\n", &["0 cat <<< \\'x\\'\\n", "1> x\\n"]);
    }

    #[test]
    fn outputs_that_look_like_a_secondary_prompt_are_outputs() {
        check("$ npm test\n\n> pkg@1 test\n> mocha\n", &["0 npm test\\n", "2> > pkg@1 test\\n> mocha\\n"]);
        check("$ diff a b\n> c\n", &["0 diff a b\\n", "1> > c\\n"]);
    }

    #[test]
    fn what_is_left_open_ends_at_the_next_prompt() {
        check("$ echo 'abierto\n$ b\nx\n", &["0 echo \\'abierto\\nb\\n", "2> x\\n"]);
        check("$ cat <<EOF\nnunca\n", &["0 cat <<EOF\\nnunca\\n"]);
    }

    #[test]
    fn blocks_that_do_not_start_with_a_prompt_are_no_sessions() {
        for block in
            ["", "kubectl get pods\n", "uno\n$ dos\n", "$HOME/bin/x\n", "cost: 3$ only\n", "# nur\n", "PS C:\\> dir\n", "a=b@c$ x\n"]
        {
            assert_eq!(exchanges(block), None, "{block}");
        }
    }
}
