//! The emulated commands: a file for each group of `az`. A command turns options into requests, and answers into what is printed.

use serde_json::Value;

use super::failure::Failure;
use super::parse::Arguments;
use super::session::Session;

mod account;
mod acr;
mod ad;
mod aks;
mod application;
mod federated;
mod group;
mod identity;
mod keyvault;
mod kubeconfig;
mod lock;
mod login;
mod role;
mod role_definition;
mod secret;
mod ssh;
mod version;

/// What a command does with its options: the value to print, null for nothing.
type Run = fn(&mut Session<'_, '_>, &Arguments) -> Result<Value, Failure>;

/// One emulated command.
pub(crate) struct Command {
    /// Its words: `group create`.
    pub(crate) name: &'static str,
    /// The options that it has, by their first long names; any other option of the real command is refused by name.
    pub(crate) options: &'static [&'static str],
    /// How its result becomes a table; the general rule when `None`.
    pub(crate) table: Option<&'static str>,
    /// What it does.
    pub(crate) run: Run,
}

/// All of them, a group after the other.
const GROUPS: [&[Command]; 15] = [
    &account::COMMANDS,
    &acr::COMMANDS,
    &ad::COMMANDS,
    &ad::CHECK,
    &aks::COMMANDS,
    &application::COMMANDS,
    &federated::COMMANDS,
    &group::COMMANDS,
    &identity::COMMANDS,
    &keyvault::COMMANDS,
    &lock::COMMANDS,
    &login::COMMANDS,
    &role::COMMANDS,
    &role_definition::COMMANDS,
    &secret::COMMANDS,
];

/// The command of this name, when it is emulated.
pub(crate) fn find(name: &str) -> Option<&'static Command> {
    GROUPS.into_iter().flatten().chain(&version::COMMANDS).find(|command| command.name == name)
}

/// The names of all emulated commands.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    GROUPS.into_iter().flatten().chain(&version::COMMANDS).map(|command| command.name)
}

/// `--tags a=b c`: names and values; a lone empty word clears them.
fn tags_of(arguments: &Arguments) -> Option<Value> {
    arguments.has("--tags").then(|| {
        let words = arguments.all("--tags").iter().filter(|word| !word.is_empty());
        words
            .map(|word| word.split_once('=').map_or((word.clone(), String::new()), |(key, value)| (key.to_owned(), value.to_owned())))
            .map(|(key, value)| (key, Value::String(value)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    })
}

/// The location of a resource: the option, else that of its resource group, which is asked for.
fn location_of(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<String, Failure> {
    match arguments.get("--location") {
        Some(location) => group::location_named(session, location),
        None => {
            let group = group::fetched(session, arguments.required("--resource-group"))?;
            Ok(group["location"].as_str().unwrap_or_default().to_owned())
        }
    }
}

/// `--yes`, or what `az` says where nobody can be asked: a step has no terminal.
fn confirmed(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.has("--yes") {
        return Ok(());
    }
    session.warn("Unable to prompt for confirmation as no tty available. Use --yes.");
    Err(Failure::Refused("Operation cancelled.".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::applets::az::table::options_of;

    #[test]
    fn every_command_and_option_is_one_of_the_real_az() {
        let all = GROUPS.into_iter().flatten().chain(&version::COMMANDS);
        for command in all {
            let declared = options_of(command.name).unwrap_or_else(|| panic!("{} is in the table", command.name));
            for option in command.options {
                assert!(declared.iter().any(|declared| declared.key() == *option), "{} {option}", command.name);
            }
            for required in declared.iter().filter(|declared| declared.required) {
                assert!(command.options.contains(&required.key()), "{} must have {}", command.name, required.key());
            }
        }
    }
}
