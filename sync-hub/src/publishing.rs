//! The commands `publish`, `tokens` and `tally`, which work beside a hub that is serving: what they write is an errand
//! ([`crate::errand`]) for whoever holds the county's directory.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use civic_core::{
    access::Role,
    area::Area,
    deputy::PORTRAIT_LEN_MAX,
    document::Kind,
    publication::{FILE_LEN_MAX, Publication},
    published,
    tally::{ConsultationResult, Count, VoteResult},
    time::UnixSeconds,
    token::Token,
    vote::{self, ProjectCount, Vote, VoteCount},
};
use ledger::{
    Ledger,
    publish::{Line, Outcome},
};
use replica::{
    clock,
    dir::{DataDir, DirError},
    identity::Identity,
};
use serde_json::json;

use crate::{
    errand::{self, Errand},
    keys::Keys,
    opening::{Basis, Counted, Opener},
    token_sheet,
};

/// How long a count waits for the hub to open what has come.
const PATIENCE: Duration = Duration::from_secs(10);

/// Publishes what `file` holds, and says of each record what that changed.
pub fn publish(dir: &Path, file: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let name = file.display();
    let size = std::fs::metadata(file).with_context(|| format!("Reading {name}"))?.len();
    anyhow::ensure!(size <= FILE_LEN_MAX as u64, "{name} is longer than {FILE_LEN_MAX} bytes");
    let text = std::fs::read_to_string(file).with_context(|| format!("Reading {name}"))?;
    let text = Publication::with_pictures(&text, |picture| {
        let picture = file.with_file_name(picture);
        let size = std::fs::metadata(&picture).with_context(|| format!("Reading {}", picture.display()))?.len();
        anyhow::ensure!(
            size <= PORTRAIT_LEN_MAX as u64,
            "{} is longer than {PORTRAIT_LEN_MAX} bytes; a PNG of 150x200 with 64 colours is not",
            picture.display()
        );
        std::fs::read(&picture).with_context(|| format!("Reading {}", picture.display()))
    })?;
    let sent = errand::send(dir, &Errand::Publish(text));
    let lines: Vec<Line> = sent.with_context(|| format!("Nothing of {name} was published"))?;
    for line in &lines {
        if json {
            println!("{}", serde_json::to_string(line)?);
        } else {
            println!("{}", in_words(line));
        }
    }
    let is_whole = lines.iter().all(|line| line.outcome != Outcome::NoOpinion);
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn in_words(line: &Line) -> String {
    let outcome = match &line.outcome {
        Outcome::New => "published".to_owned(),
        Outcome::Changed(fields) => format!("changed: {}", fields.join(", ")),
        Outcome::Same => "as it was".to_owned(),
        Outcome::NoOpinion => "not published: no opinion of this name is at the hub".to_owned(),
    };
    format!("{} {}: {outcome}", line.kind.word(), line.key)
}

/// Makes `count` tokens for the vote `vote` and prints them, or writes a sheet of slips to be printed. Their hashes are on
/// disk before the first is told.
pub fn tokens(dir: &Path, vote: &str, count: u16, sheet: Option<&Path>, json: bool) -> anyhow::Result<ExitCode> {
    let begun = sheet.map(token_sheet::begin).transpose()?;
    let mut tokens = BTreeSet::new();
    while tokens.len() < usize::from(count) {
        tokens.insert(Token::new(clock::random()));
    }
    // A set is in order; slips of paper that lie in order tell who comes after whom.
    let mut tokens: Vec<Token> = tokens.into_iter().collect();
    tokens.sort_by_cached_key(|_| clock::random::<8>());
    let id = published::id_of(Kind::Vote, vote);
    let batch = vote::batch_of(&id, &tokens);
    let added = errand::send::<Vec<Line>>(dir, &Errand::AddTokens { vote: vote.to_owned(), batch });
    if let Some((file, sheet)) = begun.zip(sheet) {
        if let Err(error) = added {
            std::fs::remove_file(sheet).with_context(|| format!("Removing {}", sheet.display()))?;
            return Err(error);
        }
        let looked = DataDir::look(dir);
        let ledger = Ledger::look(&looked, &Identity::load(&looked, Role::Hub)?)?;
        token_sheet::write(file, &ledger.published_as::<Vote>(&id)?.unwrap_or_default(), &tokens)
            .with_context(|| format!("Writing {}", sheet.display()))?;
        eprintln!(
            "{count} slips for {vote} in {}; the tokens are kept nowhere else, so print it now, cut it apart, hand the slips \
             out shuffled, and remove the file",
            sheet.display()
        );
        return Ok(ExitCode::SUCCESS);
    }
    added?;
    if json {
        let digits: Vec<String> = tokens.iter().map(Token::digits).collect();
        println!("{}", json!({"vote": vote, "tokens": digits}));
    } else {
        tokens.iter().for_each(|token| println!("{token}"));
        eprintln!(
            "{count} tokens for {vote}; they are kept nowhere, so print this list now and hand the slips out shuffled"
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Counts a vote or a consultation, and publishes the result of the vote if that is wanted.
pub fn tally(
    dir: &Path,
    vote: Option<&str>,
    consultation: Option<&str>,
    publish: bool,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let counted = count(dir, vote, consultation, json)?;
    if let Some(Counted { result, basis }) = counted.filter(|_| publish) {
        let vote = result.key.clone();
        let errand = Errand::PublishResult { vote: vote.clone(), result: published_count(&result, basis.as_of) };
        let lines: Vec<Line> =
            errand::send(dir, &errand).with_context(|| format!("The result of {vote} was not published"))?;
        lines.iter().for_each(|line| eprintln!("{}", in_words(line)));
    }
    Ok(ExitCode::SUCCESS)
}

fn published_count(result: &VoteResult, as_of: UnixSeconds) -> VoteCount {
    let chosen = result.projects.iter().filter(|project| project.count > 0);
    VoteCount {
        counted: result.counted,
        refused: result.refused,
        as_of,
        counts: chosen.map(|project| ProjectCount { key: project.key.clone(), count: project.count }).collect(),
    }
}

/// Counts, and says what came out; of a vote it is returned too.
fn count(
    dir: &Path,
    vote: Option<&str>,
    consultation: Option<&str>,
    json: bool,
) -> anyhow::Result<Option<Counted<VoteResult>>> {
    let (ledger, opener) = match held(dir)? {
        Some((dir, ledger)) => {
            let opener = Opener::new(&dir, ledger.clone(), Arc::new(Keys::open(&dir)?))?;
            while opener.work()? > 0 {}
            (ledger, opener)
        }
        // Two programs that took one reaction to its opinion at once would both write it: a hub that is serving opens alone.
        None => {
            let dir = DataDir::look(dir);
            let ledger = Ledger::look(&dir, &Identity::load(&dir, Role::Hub)?)?;
            wait_for_the_hub(&ledger)?;
            (ledger.clone(), Opener::new(&dir, ledger, Arc::new(Keys::open(&dir)?))?)
        }
    };
    let mut counted_vote = None;
    if let Some(key) = vote {
        let Some(counted) = opener.count_vote(key)? else { bail!("no vote {key:?} was published") };
        match json {
            true => println!("{}", serde_json::to_string(&counted)?),
            false => say_vote(&ledger, &counted),
        }
        counted_vote = Some(counted);
    }
    if let Some(key) = consultation {
        let Some(counted) = opener.count_consultation(key)? else { bail!("no consultation {key:?} was published") };
        match json {
            true => println!("{}", serde_json::to_string(&counted)?),
            false => say_consultation(&ledger, &counted),
        }
    }
    Ok(counted_vote)
}

/// Waits until the hub that is serving has opened everything, or [`PATIENCE`] is over: then the count is of what it has.
fn wait_for_the_hub(ledger: &Ledger) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !ledger.unopened(1)?.is_empty() {
        if Instant::now() > deadline {
            eprintln!("the hub is still opening envelopes; this count is of those it has opened");
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn say_vote(ledger: &Ledger, Counted { result, basis }: &Counted<VoteResult>) {
    let VoteResult { key, title, tokens, counted, refused, projects } = result;
    println!("{title} ({key}), as of {}", basis.as_of.date_and_minute());
    println!("{counted} ballots of {tokens} tokens; {refused} do not count; {} tokens came again", basis.repeats);
    projects.iter().for_each(say_count);
    say_places(ledger, basis);
}

fn say_consultation(ledger: &Ledger, Counted { result, basis }: &Counted<ConsultationResult>) {
    let ConsultationResult { key, title, responses, unfit, articles, questions } = result;
    println!("{title} ({key}), as of {}", basis.as_of.date_and_minute());
    println!("{responses} responses, not so many people: nobody was asked who they are; {unfit} answers fit nothing");
    for article in articles {
        let earlier =
            if article.earlier > 0 { format!(", {} of an earlier wording", article.earlier) } else { String::new() };
        println!("{} {}: {} agree, {} disagree{earlier}", article.key, article.title, article.agree, article.disagree);
        article.said.iter().for_each(|said| println!("      {}", said.words));
    }
    for question in questions {
        println!("{} {}: {} answered", question.key, question.title, question.answered);
        question.choices.iter().for_each(say_count);
        question.said.iter().for_each(|said| println!("      {}", said.words));
    }
    say_places(ledger, basis);
}

fn say_count(count: &Count) {
    let points = if count.points > 0 { format!("  {} points", count.points) } else { String::new() };
    let title = if count.title.is_empty() { &count.key } else { &count.title };
    println!("{:>8}  {title}{points}", count.count);
}

fn say_places(ledger: &Ledger, basis: &Basis) {
    let name = |code: &str| {
        let place = Area::parse(code).and_then(|area| ledger.codebook().place(&area).map(|place| place.name.clone()));
        place.unwrap_or_else(|| code.to_owned())
    };
    let places: BTreeMap<String, u64> = basis.places.iter().map(|(code, count)| (name(code), *count)).collect();
    places.iter().for_each(|(place, count)| println!("  from {place}: {count}"));
}

/// The ledger of a county that is not serving, and its directory held; `None` if another program holds it.
pub(crate) fn held(dir: &Path) -> anyhow::Result<Option<(DataDir, Ledger)>> {
    let looked = DataDir::look(dir);
    let identity = Identity::load(&looked, Role::Hub)?;
    match DataDir::hold(dir) {
        Ok(held) => Ok(Some((held, Ledger::open(&looked, &identity)?))),
        Err(DirError::InUse(_)) => Ok(None),
        Err(failure @ DirError::Unusable(..)) => Err(failure.into()),
    }
}
