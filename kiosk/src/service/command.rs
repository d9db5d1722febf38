//! `kiosk service`: what is set up once, at the machine or over a terminal.

use std::{
    io::{BufRead, IsTerminal as _, Write, stdin, stdout},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context;
use clap::Subcommand;
use replica::dir::DataDir;

use super::pin;
use crate::prompts::terminal_wording;

/// What can be set up.
#[derive(Subcommand)]
pub enum ServiceCommand {
    /// Set the officer's PIN, which opens the service pages; it is read from the terminal, not from the command line
    Pin {
        /// The kiosk's data directory; the kiosk may be running
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
}

impl ServiceCommand {
    /// Does what was asked.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Pin { data } => {
                std::fs::create_dir_all(&data).with_context(|| format!("Making {}", data.display()))?;
                // A running kiosk holds the directory; one file that is replaced as a whole disturbs it in nothing.
                let directory = DataDir::look(&data);
                let pin = ask(&mut stdin().lock(), &mut stdout().lock(), stdin().is_terminal())?;
                pin::set(&directory, &pin)?;
                let kept = terminal_wording().both("pin-kept", &[]);
                println!("{}\n{}", kept.zh, kept.en);
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// The PIN that somebody types; asked for where somebody sees the question.
fn ask(input: &mut dyn BufRead, output: &mut dyn Write, is_asked: bool) -> anyhow::Result<String> {
    if is_asked {
        let question = terminal_wording().both("pin-ask", &[]);
        write!(output, "{}\n{} ", question.zh, question.en)?;
        output.flush()?;
    }
    let mut line = String::new();
    input.read_line(&mut line).context("Reading the PIN")?;
    Ok(line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_read_with_a_question_for_people_and_without_one_for_scripts() {
        let mut shown = Vec::new();
        assert_eq!(ask(&mut " 271828 \n".as_bytes(), &mut shown, false).unwrap(), "271828");
        assert!(shown.is_empty());
        ask(&mut "271828\n".as_bytes(), &mut shown, true).unwrap();
        assert!(String::from_utf8(shown).unwrap().contains("PIN"));
    }
}
