//! `kiosk prompts`: what is recorded, what is missing, and recording it with a local voice.

use std::{
    io::{BufRead, Write, stdin, stdout},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context;
use civic_core::{access::Role, wording::Wording};
use clap::{Args, Subcommand};
use ledger::command;

use super::{
    DIRECTORY, Prompts, Recorded, State,
    pack::Pack,
    record::{Booth, Studio},
    script::Script,
    terminal_wording,
};
use crate::{settings::Language, sound::Say, wiring::Wiring};

/// What can be done with prompts.
#[derive(Subcommand)]
pub enum PromptsCommand {
    /// Every prompt there must be, and whose voice says it
    List {
        /// Which pack.
        #[command(flatten)]
        pack: PackArgs,
    },
    /// Whether every sentence of the screens can be heard; fails if one cannot
    Check {
        /// Which pack.
        #[command(flatten)]
        pack: PackArgs,
    },
    /// Read sentence after sentence into the microphone
    Record {
        /// Which pack.
        #[command(flatten)]
        pack: PackArgs,
        /// Only these prompts, by the names that `list` shows; otherwise all that no local voice says yet
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
    /// Hear prompts, by the names that `list` shows
    Play {
        /// Which pack.
        #[command(flatten)]
        pack: PackArgs,
        /// The prompts
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
    },
    /// The words of every prompt, one a line with its name, for a program that makes voices
    Script {
        /// The language: zh-CN or en
        #[arg(long, value_enum, default_value_t = Language::Chinese)]
        language: Language,
    },
}

/// Which pack.
#[derive(Args)]
pub struct PackArgs {
    /// The kiosk's data directory; its `wiring.toml` says which microphone and loudspeaker there are
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The pack: zh-CN and en replace the program's own voices, any other name is a voice beside them
    #[arg(long, default_value = "zh-CN", value_parser = parse_name)]
    pack: String,
    /// Whose sentences a new pack says: zh-CN or en
    #[arg(long, value_enum)]
    language: Option<Language>,
    /// What the screen calls a new pack, such as 石桥话
    #[arg(long, value_name = "NAME")]
    title: Option<String>,
    /// The county's own words as well: topics, ready sentences, states. The kiosk must be enrolled and not running
    #[arg(long)]
    county: bool,
}

/// A pack as the command line names it, and what is to be recorded in it.
struct Chosen {
    directory: PathBuf,
    prompts: Prompts,
    /// With the county's words, if they are wanted.
    recorded: Vec<Recorded>,
}

impl PromptsCommand {
    /// Does what was asked.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let wording = terminal_wording();
        match self {
            Self::List { pack } => {
                let chosen = pack.open()?;
                chosen.recorded.iter().for_each(|one| print_one(&wording, one));
                print_counts(&wording, &chosen.recorded);
            }
            Self::Check { pack } => {
                let chosen = pack.open()?;
                let is_silent = |one: &&Recorded| matches!(one.state, State::Missing | State::Stale);
                let silent: Vec<_> = chosen.recorded.iter().filter(is_silent).collect();
                silent.iter().for_each(|one| print_one(&wording, one));
                print_counts(&wording, &chosen.recorded);
                return Ok(if silent.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
            }
            Self::Record { pack, names } => {
                let chosen = pack.open()?;
                let wanted = chosen.wanted(&names)?;
                let mut into = pack.pack_to_fill(&chosen)?;
                let booth = pack.booth(&chosen.prompts)?;
                let (input, output): (&mut dyn BufRead, &mut dyn Write) = (&mut stdin().lock(), &mut stdout().lock());
                Studio { booth, wording, input, output }.record(&wanted, &mut into)?;
            }
            Self::Play { pack, names } => {
                let chosen = pack.open()?;
                let wanted = chosen.wanted(&names)?;
                let sound = |one: &Recorded| {
                    let sound = chosen.prompts.sound(&one.name, &one.says);
                    let sound = sound.with_context(|| format!("{} has no recording", one.name))?;
                    anyhow::Ok(Say::Recording(Arc::from(sound.as_ref())))
                };
                let sounds = wanted.iter().map(sound).collect::<Result<_, _>>()?;
                let mut booth = pack.booth(&chosen.prompts)?;
                booth.play(sounds).context("The loudspeaker of wiring.toml")?;
            }
            Self::Script { language } => {
                for (name, says) in Script::of(language).recordings() {
                    println!("{name}\t{says}");
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl PackArgs {
    fn open(&self) -> anyhow::Result<Chosen> {
        let directory = self.data.join(DIRECTORY).join(&self.pack);
        let own = Language::ALL.into_iter().find(|language| language.own_pack() == self.pack);
        let prompts = match Pack::read(directory.clone())? {
            Some(pack) => Prompts::of(pack),
            None => Prompts::own(self.language.or(own).unwrap_or(Language::Chinese)),
        };
        let mut recorded = prompts.recorded();
        if self.county {
            let words = county_words(&self.data, prompts.language())?;
            recorded.extend(words.into_iter().map(|words| prompts.recorded_words(words)));
        }
        Ok(Chosen { directory, prompts, recorded })
    }

    fn booth(&self, prompts: &Prompts) -> anyhow::Result<Booth> {
        let sound = Wiring::read(&self.data)?.sound;
        Ok(Booth::open(sound.microphone()?, sound.loudspeaker()?, prompts)?)
    }

    /// The pack of the directory, to put recordings into.
    fn pack_to_fill(&self, chosen: &Chosen) -> anyhow::Result<Pack> {
        if let Some(pack) = Pack::read(chosen.directory.clone())? {
            return Ok(pack);
        }
        let own = chosen.prompts.name();
        let (zh, en) = match &self.title {
            Some(title) => (title.clone(), title.clone()),
            None => (own.zh.clone(), own.en.clone()),
        };
        Ok(Pack::empty(chosen.directory.clone(), chosen.prompts.language(), zh, en))
    }
}

impl Chosen {
    /// The prompts of these names, or all that no local voice says.
    fn wanted(&self, names: &[String]) -> anyhow::Result<Vec<Recorded>> {
        if names.is_empty() {
            return Ok(self.recorded.iter().filter(|one| one.state != State::Spoken).cloned().collect());
        }
        let find = |name: &String| {
            let found = self.recorded.iter().find(|one| one.name == *name).cloned();
            found.with_context(|| format!("there is no prompt {name}; `kiosk prompts list` shows the names"))
        };
        names.iter().map(find).collect()
    }
}

/// What screens show of the codebook, each word once. In English it has the names of topics only.
fn county_words(data: &Path, language: Language) -> anyhow::Result<Vec<String>> {
    let (_held, _identity, ledger) = command::open(Role::Kiosk, data)?;
    let codebook = ledger.codebook();
    let all: Vec<&String> = match language {
        Language::Chinese => {
            let topics = codebook.topics.iter().flat_map(|topic| std::iter::once(&topic.name).chain(&topic.phrases));
            topics.chain(codebook.states.iter().map(|state| &state.plain)).collect()
        }
        Language::English => codebook.topics.iter().map(|topic| &topic.en).collect(),
    };
    let mut words: Vec<String> = Vec::new();
    for word in all {
        if !word.is_empty() && !words.contains(word) {
            words.push(word.clone());
        }
    }
    Ok(words)
}

fn print_one(wording: &Wording, one: &Recorded) {
    let key = match one.state {
        State::Spoken => "prompts-spoken",
        State::Placeholder => "prompts-placeholder",
        State::Stale => "prompts-stale",
        State::Missing => "prompts-missing",
    };
    println!("{}\t{}\t{}", one.name, wording.zh(key, &[]), one.says);
}

fn print_counts(wording: &Wording, recorded: &[Recorded]) {
    let count = |state| recorded.iter().filter(|one| one.state == state).count();
    let values = [
        ("all", recorded.len().into()),
        ("spoken", count(State::Spoken).into()),
        ("placeholder", count(State::Placeholder).into()),
        ("stale", count(State::Stale).into()),
        ("missing", count(State::Missing).into()),
    ];
    let counts = wording.both("prompts-counts", &values);
    println!("{}\n{}", counts.zh, counts.en);
}

/// A pack's name is the name of a directory, and of no other than its own.
fn parse_name(name: &str) -> Result<String, String> {
    let is_plain = |character: char| character.is_alphanumeric() || matches!(character, '-' | '_');
    if !name.is_empty() && name.chars().all(is_plain) {
        return Ok(name.to_owned());
    }
    Err("letters, digits, - and _ make a name".to_owned())
}
