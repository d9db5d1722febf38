//! `sync-hub user`: adds, lists, changes and disables operators. The hub may be serving.

use std::{
    io::{BufRead as _, IsTerminal as _},
    process::ExitCode,
};

use anyhow::{Context as _, ensure};
use civic_core::{
    access::operator::{Mandate, OperatorRole},
    area::Area,
    codebook::Codebook,
};
use clap::Subcommand;
use ledger::command::Data;
use replica::{dir::DataDir, identity::Identity};
use serde_json::json;

use super::{NewUser, Users, password, totp::Secret};
use crate::audit::{Action, Audit, By, Event};

/// What can be done with operators on the command line.
#[derive(Subcommand)]
pub enum UserCommand {
    /// Add an operator; without --password-stdin a password for one use is printed, which must be changed.
    Add {
        #[command(flatten)]
        #[expect(missing_docs)]
        data: Data,
        /// The name to sign in with: small letters, digits, dots, dashes.
        login: String,
        /// The name among people; it stands in every record that they make.
        #[arg(long)]
        name: String,
        /// clerk, reviewer, body, deputy, supervisor, auditor, administrator; several may follow.
        #[arg(long, required = true, num_args = 1.., value_parser = role)]
        role: Vec<OperatorRole>,
        /// Where they work, any of the five levels; without it the whole county.
        #[arg(long, value_parser = area)]
        area: Option<Area>,
        /// The handling body, for the role body.
        #[arg(long, default_value = "")]
        body: String,
        /// Read their own password, one line from the terminal or a pipe.
        #[arg(long)]
        password_stdin: bool,
        /// Set up the second factor too, and print its secret; without it they do so when they first sign in.
        #[arg(long)]
        totp: bool,
        /// As one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Every operator.
    List {
        #[command(flatten)]
        #[expect(missing_docs)]
        data: Data,
        /// As one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Let an operator in no more; what they did stands.
    Disable {
        #[command(flatten)]
        #[expect(missing_docs)]
        data: Data,
        /// The name they sign in with.
        login: String,
    },
    /// Print a new password for one use, and take the second factor away: for whoever lost one of them.
    Recover {
        #[command(flatten)]
        #[expect(missing_docs)]
        data: Data,
        /// The name they sign in with.
        login: String,
    },
}

/// Carries a command out.
pub fn run(command: UserCommand) -> anyhow::Result<ExitCode> {
    match command {
        UserCommand::Add { data, login, name, role, area, body, password_stdin, totp, json } => {
            let Office { users, audit, codebook } = Office::open(&data)?;
            let area = area.unwrap_or_else(|| codebook.county.area.clone());
            let mandate = Mandate { roles: role.into_iter().collect(), area, body };
            let new = NewUser { login, name, mandate };
            new.check(&codebook)?;
            let password = if password_stdin { read_password(&new.login)? } else { password::draw() };
            audit
                .note(&Event::new(By::command_line(), Action::AddUser).upon(&new.login).because(said(&new.mandate)))?;
            users.add(&new, &codebook, &password::stretch(&password), password_stdin)?;
            let secret = totp.then(Secret::draw);
            if let Some(secret) = &secret {
                users.set_totp(&users.find(&new.login)?, secret, 0)?;
            }
            let shown = (!password_stdin).then_some(&password);
            if json {
                let secret = secret.as_ref().map(Secret::text);
                println!("{}", json!({"login": new.login, "password": shown, "totp": secret}));
            } else {
                println!("{} may sign in", new.login);
                if let Some(password) = shown {
                    println!("password, for one use: {password}");
                }
                if let Some(secret) = &secret {
                    println!("second factor: {}", secret.address(&new.login));
                }
            }
        }
        UserCommand::List { data, json } => {
            for user in Office::open(&data)?.users.list()? {
                let roles: Vec<&str> = user.mandate.roles.iter().map(|role| role.word()).collect();
                let (area, body) = (user.mandate.area.code(), user.mandate.body.as_str());
                if json {
                    println!(
                        "{}",
                        json!({
                            "login": user.login, "name": user.name, "roles": roles, "area": area, "body": body,
                            "second_factor": user.has_factor, "signed_in": user.signed_in, "disabled": user.disabled_at.is_some(),
                        })
                    );
                } else {
                    let struck = if user.disabled_at.is_some() { "  disabled" } else { "" };
                    println!("{:<16}  {}  {}  {area} {body}{struck}", user.login, user.name, roles.join(" "));
                }
            }
        }
        UserCommand::Disable { data, login } => {
            let Office { users, audit, .. } = Office::open(&data)?;
            let user = users.find(&login)?;
            audit.note(&Event::new(By::command_line(), Action::DisableUser).upon(&login))?;
            users.disable(&user)?;
            println!("{login} is let in no more");
        }
        UserCommand::Recover { data, login } => {
            let Office { users, audit, .. } = Office::open(&data)?;
            let (user, password) = (users.find(&login)?, password::draw());
            audit.note(&Event::new(By::command_line(), Action::RecoverUser).upon(&login))?;
            users.recover(&user, &password::stretch(&password))?;
            println!("password of {login}, for one use: {password}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What the commands work with.
struct Office {
    users: Users,
    audit: Audit,
    codebook: Codebook,
}

impl Office {
    fn open(data: &Data) -> anyhow::Result<Self> {
        let dir = DataDir::look(&data.dir);
        let identity = Identity::load(&dir, civic_core::access::Role::Hub)?;
        Ok(Self {
            users: Users::open(&dir.file(super::FILE))?,
            audit: Audit::open(&dir, &identity.key)?,
            codebook: Codebook::parse(&identity.card.codebook)?,
        })
    }
}

/// A mandate in a line of the log.
pub fn said(mandate: &Mandate) -> String {
    format!("{} {} {}", super::words(mandate), mandate.area, mandate.body).trim_end().to_owned()
}

fn read_password(login: &str) -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprintln!("password (it is shown as it is typed):");
    }
    let mut line = String::new();
    // No longer than a password may be: four bytes a character, and the end of the line.
    let most = u64::try_from(password::CHARS_MAX * 4 + 2)?;
    std::io::Read::take(stdin.lock(), most).read_line(&mut line).context("Reading the password")?;
    let typed = line.trim_end_matches(['\r', '\n']).to_owned();
    ensure!(!typed.is_empty(), "no password came");
    password::check(login, &typed)?;
    Ok(typed)
}

fn role(word: &str) -> Result<OperatorRole, String> {
    let words: Vec<&str> = OperatorRole::ALL.iter().map(|role| role.word()).collect();
    OperatorRole::parse(word).ok_or_else(|| format!("one of {}", words.join(", ")))
}

fn area(code: &str) -> Result<Area, String> {
    Area::parse(code).ok_or_else(|| "a code of 2, 4, 6, 9 or 12 digits".to_owned())
}
