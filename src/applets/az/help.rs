//! `--help` and `--version`, in our own words: what the built-in az has, not what the real one says about it.

use super::command::{self, Command};
use super::failure::Failure;
use super::table::{self, Arity, Declared};
use crate::applets::Program;

/// Options that every command has.
pub(crate) const GLOBAL: [&str; 6] = ["--help", "--verbose", "--debug", "--only-show-errors", "--output", "--query"];

/// The commands below a group, those that are emulated first.
pub(crate) fn of_group(program: &mut Program<'_>, group: &[&str]) -> Result<(), Failure> {
    let prefix: String = group.iter().map(|word| format!("{word} ")).collect();
    let (here, elsewhere): (Vec<_>, Vec<_>) = table::children(group).into_iter().partition(|name| has_emulated(&format!("{prefix}{name}")));
    let _ = writeln!(program.stdout, "docent's built-in az, which follows azure-cli 2.91.0\n");
    let _ = writeln!(program.stdout, "Emulated below `az {}`: {}", prefix.trim_end(), or_nothing(&here));
    let _ = writeln!(program.stdout, "\nOnly in the real az (--cli system): {}", or_nothing(&elsewhere));
    Ok(())
}

fn or_nothing(names: &[&str]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn has_emulated(name: &str) -> bool {
    let below = format!("{name} ");
    command::names().any(|command| command == name || command.starts_with(&below))
}

/// The options of a command.
pub(crate) fn of_command(program: &mut Program<'_>, command: &Command, options: &[Declared]) -> Result<(), Failure> {
    let _ = writeln!(program.stdout, "az {}\n\nOptions:", command.name);
    let known =
        |option: &&Declared| command.options.contains(&option.key()) || GLOBAL.contains(&option.key()) || option.key() == "--subscription";
    for option in options.iter().filter(known) {
        let values = match option.arity {
            Arity::Flag => "",
            Arity::One => " VALUE",
            Arity::Optional => " [VALUE]",
            Arity::Any => " [VALUE ...]",
            Arity::Many => " VALUE ...",
        };
        let required = if option.required { "  (required)" } else { "" };
        let choices = if option.choices.is_empty() { String::new() } else { format!("  {}", option.choices.join("|")) };
        let _ = writeln!(program.stdout, "  {}{values}{required}{choices}", option.names.join(" "));
    }
    let others = options.iter().filter(|option| !known(option)).count();
    if others > 0 {
        let _ = writeln!(program.stdout, "\n{others} more options of the real command are refused by name.");
    }
    Ok(())
}

/// `az --version`, without the parts that describe a Python.
pub(crate) fn version(program: &mut Program<'_>) -> Result<(), Failure> {
    let lines = "azure-cli                         2.91.0\n\ncore                              2.91.0\ntelemetry                          1.1.0\n\n\
                 docent's built-in az, which follows azure-cli 2.91.0\n";
    let _ = write!(program.stdout, "{lines}");
    Ok(())
}
