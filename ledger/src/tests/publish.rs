//! What the hub publishes, what people answer to it, and how both come to where they belong.

use std::collections::{BTreeMap, BTreeSet};

use civic_core::{
    ballot,
    consultation::Consultation,
    document::Kind,
    id::DocId,
    matter,
    notice::Notice,
    opinion::{Evaluation, NewStep},
    publication::Publication,
    published,
    reaction::Reaction,
    response::{Answer, Answered, Remark, Response},
    sealed::Record,
    slip::{self, Slip},
    ticket::Ticket,
    time::Day,
    token::Token,
    vote::{ProjectCount, VoteCount, batch_of},
};

use super::*;
use crate::{
    Filed, NotTaken,
    board::Month,
    publish::{Outcome, ResultError, TokenError},
    query::Filter,
    sealed::{Envelope, What},
};

pub(super) const FILE: &str = r#"
[[notice]]
key = "water"
title = "停水通知"
text = "明天上午停水。"
areas = ["990127101"]
shown = { until = "2026-11-23" }

[[notice]]
key = "elsewhere"
title = "修路"
text = "柳河镇修路。"
areas = ["990127102"]

[[station]]
key = "shiqiao"
name = "石桥村代表联络站"
areas = ["990127101201"]
reception = [{ monthly = [15], hours = "上午九点" }]

[[deputy]]
code = "3207"
name = "周启明"
level = "县人大代表"
areas = ["990127101"]

[[deputy]]
code = "101"
name = "林秀珍"
level = "省人大代表"
areas = ["99"]

[[consultation]]
key = "rules"
title = "饮用水源保护办法"
areas = ["990127"]
open = { from = "2026-11-01" }
[[consultation.article]]
key = "1"
title = "第一条"
text = "保护水源。"
[[consultation.question]]
key = "q"
type = "single"
text = "同意吗"
choices = ["同意", "不同意"]

[[vote]]
key = "2026"
title = "民生实事票选"
areas = ["990127101"]
choose = 2
[[vote.project]]
key = "road"
title = "修路"
[[vote.project]]
key = "lamp"
title = "装路灯"
[[vote.project]]
key = "well"
title = "打井"
"#;

/// A kiosk in 石桥村 and its hub, with everything of [`FILE`] published and carried over.
pub(super) struct County {
    pub(super) _kiosk: Installation,
    pub(super) _hub: Installation,
    pub(super) kiosk: Ledger,
    pub(super) hub: Ledger,
}

fn key() -> OpenKey {
    OpenKey::make(1, Seed([1; 32]))
}

/// What the holder of an answered opinion was given.
pub(super) fn mine() -> Opening {
    Opening::new([7; 24])
}

fn today() -> Day {
    Day::parse("2026-11-22").unwrap()
}

pub(super) fn publication(text: &str) -> Publication {
    let codebook = civic_core::codebook::Codebook::parse(CODEBOOK).unwrap();
    Publication::parse(text, &codebook, &BTreeSet::new()).unwrap()
}

impl County {
    pub(super) fn new() -> Self {
        let (mut kiosk, mut hub) =
            (Installation::new(Role::Kiosk, VILLAGE, 1), Installation::new(Role::Hub, "990127", 0));
        let hub_key = hex(&hub.identity.key.verifying_key().to_bytes());
        for place in [&mut kiosk, &mut hub] {
            place.identity.card.hub_key.clone_from(&hub_key);
        }
        let county = Self { kiosk: kiosk.open(), hub: hub.open(), _kiosk: kiosk, _hub: hub };
        county.hub.publish(&publication(FILE)).unwrap();
        county.meet();
        county
    }

    /// Kiosk and hub exchange everything, and the hub does its work.
    pub(super) fn meet(&self) {
        carry(&self.kiosk, &self.hub, Audience::Deputies);
        carry(&self.kiosk, &self.hub, Audience::County);
        loop {
            let mut done = 0;
            for envelope in self.hub.unopened(100).unwrap() {
                let record = Record::open(&key(), &envelope.doc, &envelope.payload).unwrap();
                done += usize::from(self.hub.take(&envelope, &record).unwrap() != What::Waits);
            }
            for sealed in self.hub.unopened_openings(100).unwrap() {
                let deposit = Deposit::open(&key(), &sealed.doc, &sealed.payload).unwrap();
                self.hub.take_opening(&sealed, Ok(&deposit)).unwrap();
                done += 1;
            }
            if done + self.hub.count_me_too().unwrap() + self.hub.write_slips().unwrap() == 0 {
                break;
            }
        }
        carry(&self.hub, &self.kiosk, Audience::Public);
    }

    /// An opinion of the kiosk, whose holder was given [`mine`], that was answered.
    pub(super) fn answered(&self) -> (DocId, Ticket) {
        let contact = Contact { phone: "13800138000".into(), ..Contact::default() };
        let heard = Heard { opening: Some(mine().deposit()), ..(opinion("桥坏了"), contact).into() };
        let filed = self.kiosk.take_down(&village(), "站", heard).unwrap();
        self.meet();
        for (act, note, office) in [("受理", "", ""), ("交办", "", "交通局"), ("答复", "下月就修", "")] {
            self.step(&filed.id, act, note, office);
        }
        self.meet();
        (filed.id, filed.ticket)
    }

    pub(super) fn step(&self, id: &DocId, act: &str, note: &str, office: &str) {
        let step = NewStep { act: act.into(), note: note.into(), ..NewStep::default() };
        let fields =
            [(Field::Office, office.to_owned())].into_iter().filter(|(_, office)| !office.is_empty()).collect();
        self.hub.edit(id, "县", &Edit { step: Some(step), fields, ..Edit::default() }).unwrap();
    }

    pub(super) fn state(&self, id: &DocId) -> String {
        self.hub.opinion(id).unwrap().unwrap().standing.state
    }
}

#[test]
fn a_village_sees_what_was_published_for_it_and_for_the_day() {
    let county = County::new();
    let board = county.kiosk.board(&village(), today()).unwrap();
    assert_eq!(board.notices.iter().map(|notice| notice.key.as_str()).collect::<Vec<_>>(), ["water"]);
    assert!(county.kiosk.board(&village(), Day::parse("2026-11-24").unwrap()).unwrap().notices.is_empty());
    let next = board.reception.unwrap();
    assert_eq!((next.day.to_string().as_str(), next.station.key.as_str()), ("2026-12-15", "shiqiao"));
    let deputies = county.kiosk.deputies(&village()).unwrap();
    assert_eq!(deputies.iter().map(|deputy| deputy.code.as_str()).collect::<Vec<_>>(), ["101", "3207"]);
    assert_eq!(county.kiosk.deputy("3207").unwrap().unwrap().name, "周启明");
    assert_eq!(county.kiosk.consultations(&village(), today()).unwrap().len(), 1);
    assert!(county.kiosk.consultations(&village(), Day::parse("2026-10-31").unwrap()).unwrap().is_empty());
    assert!(county.kiosk.votes(&village(), today()).unwrap().is_empty(), "a vote without tokens is not open");
}

#[test]
fn publishing_again_writes_what_differs_and_says_it() {
    let county = County::new();
    let outcomes = |text: &str| -> Vec<Outcome> {
        county.hub.publish(&publication(text)).unwrap().into_iter().map(|line| line.outcome).collect()
    };
    assert!(outcomes(FILE).iter().all(|outcome| *outcome == Outcome::Same));
    let changed = FILE.replace("明天上午停水。", "明天全天停水。");
    assert_eq!(outcomes(&changed)[0], Outcome::Changed(vec!["text".into()]));
    let withdrawn = FILE.replacen("areas = [\"990127101\"]\n", "areas = [\"990127101\"]\nwithdrawn = true\n", 1);
    assert_eq!(outcomes(&withdrawn)[0], Outcome::Changed(vec!["text".into(), "withdrawn".into()]));
    county.meet();
    assert!(county.kiosk.board(&village(), today()).unwrap().notices.is_empty());
    let unknown = "[[matter]]\nticket = \"0000000000\"\ntitle = \"桥\"\nareas = [\"990127101201\"]\n";
    assert_eq!(outcomes(unknown), [Outcome::NoOpinion]);
}

#[test]
fn a_response_is_kept_once_for_each_form_and_only_if_it_fits() {
    let county = County::new();
    let (id, consultation) = county.kiosk.consultations(&village(), today()).unwrap().remove(0);
    let remark = |article: &str| Remark {
        article: article.into(),
        edition: consultation.articles[0].edition(),
        agrees: Some(true),
        ..Remark::default()
    };
    let answer = Answered { question: "q".into(), answer: Answer::Chosen(vec!["同意".into()]) };
    let response =
        |article: &str| Response { consultation: id, remarks: vec![remark(article)], answers: vec![answer.clone()] };
    let respond = |form: &str, article: &str| county.kiosk.respond(form, &village(), &response(article), &[]);
    let first = respond("form 1", "1").unwrap();
    assert_eq!(respond("form 1", "1").unwrap(), first);
    assert_ne!(respond("form 2", "1").unwrap(), first);
    assert!(matches!(respond("form 3", "9"), Err(NotTaken::Unfit(_))));
    let elsewhere = Response { consultation: DocId::new([9; 16]), ..response("1") };
    assert!(matches!(county.kiosk.respond("form 4", &village(), &elsewhere, &[]), Err(NotTaken::NotAsked)));
    county.meet();
    county.meet();
    assert_eq!(
        county.hub.sealed_about(What::Response, &published::id_of(Kind::Consultation, "rules")).unwrap().len(),
        2
    );
    assert!(county.kiosk.sealed_about(What::Response, &id).unwrap().is_empty(), "a kiosk cannot read them");
    assert!(county.hub.published_as::<Consultation>(&id).unwrap().is_some());
}

#[test]
fn a_token_votes_once_here_and_is_counted_once_wherever_else_it_is_used() {
    let county = County::new();
    let other = Installation::new(Role::Kiosk, "990127101202", 2);
    let other = other.open();
    let tokens = [Token::new([1; 8]), Token::new([2; 8])];
    let batch = batch_of(&published::id_of(Kind::Vote, "2026"), &tokens);
    assert!(matches!(county.hub.add_tokens("2027", &batch), Err(TokenError::NoVote(_))));
    assert_eq!(county.hub.add_tokens("2026", &batch).unwrap().outcome, Outcome::Changed(vec!["tokens".into()]));
    assert_eq!(county.hub.add_tokens("2026", &batch).unwrap().outcome, Outcome::Same);
    county.hub.publish(&publication(FILE)).unwrap();
    county.meet();
    carry(&county.hub, &other, Audience::Public);
    let (id, vote) = county.kiosk.votes(&village(), today()).unwrap().remove(0);
    assert_eq!(vote.token_count(), 2, "publishing again keeps the tokens");
    let cast = |ledger: &Ledger, village: &Area, token, choices: &[&str]| {
        ledger.vote(village, &id, token, choices.iter().map(|choice| (*choice).to_owned()).collect())
    };
    assert!(matches!(cast(&county.kiosk, &village(), Token::new([9; 8]), &["road"]), Err(NotTaken::UnknownToken)));
    assert!(matches!(cast(&county.kiosk, &village(), tokens[0], &["road", "lamp", "well"]), Err(NotTaken::Unfit(_))));
    cast(&county.kiosk, &village(), tokens[0], &["road", "lamp"]).unwrap();
    assert!(matches!(cast(&county.kiosk, &village(), tokens[0], &["well"]), Err(NotTaken::UsedToken)));
    county.meet();
    cast(&other, &Area::parse("990127101202").unwrap(), tokens[0], &["well"]).unwrap();
    carry(&other, &county.hub, Audience::County);
    county.meet();
    let ballots = county.hub.sealed_about(What::Ballot, &id).unwrap();
    assert_eq!((ballots.len(), ballots[0].repeats), (1, 1));
    assert_eq!(ballots[0].doc, ballot::id_of(&id, &tokens[0].hash(&id)));
    assert_eq!(ballots[0].at.day().starts(), ballots[0].at, "a ballot tells the day alone");
    let Record::Ballot(ballot) = Record::open(&key(), &ballots[0].doc, &ballots[0].payload).unwrap() else { panic!() };
    assert_eq!(ballot.choices, ["road", "lamp"], "what came first counts");
}

/// What a hub that was restored hears first are ballots; its own vote and the tokens come back to it behind them.
#[test]
fn ballots_that_a_restored_hub_has_before_their_tokens_count_once_it_has_these_back() {
    let county = County::new();
    let restored = Installation::new(Role::Hub, "990127", 0);
    let restored = restored.open();
    // Monday's copy has the vote and no tokens.
    carry(&county.hub, &restored, Audience::Public);
    let (id, tokens) = (published::id_of(Kind::Vote, "2026"), [Token::new([1; 8]), Token::new([2; 8])]);
    county.hub.add_tokens("2026", &batch_of(&id, &tokens)).unwrap();
    county.meet();
    county.kiosk.vote(&village(), &id, tokens[0], vec!["road".into()]).unwrap();
    carry(&county.kiosk, &restored, Audience::County);
    let open = || {
        let waiting = restored.unopened(9).unwrap();
        let opened = waiting.iter().map(|envelope| {
            let record = Record::open(&key(), &envelope.doc, &envelope.payload).unwrap();
            restored.take(envelope, &record).unwrap()
        });
        opened.collect::<Vec<_>>()
    };
    assert_eq!((open(), open()), (vec![What::BadBallot], vec![]));
    carry(&county.hub, &restored, Audience::Public);
    assert_eq!((open(), open()), (vec![What::Ballot], vec![]));
    let counts = [What::Ballot, What::BadBallot].map(|what| restored.sealed_count(what, &id).unwrap());
    assert_eq!(counts, [1, 0]);
}

#[test]
fn not_solved_starts_the_recheck_once_however_often_it_is_said_or_arrives() {
    let county = County::new();
    let (id, ticket) = county.answered();
    let progress = || county.kiosk.progress(&ticket, Some(&mine().key)).unwrap().unwrap();
    assert!(progress().may_evaluate);
    let evaluation = Evaluation { satisfied: Some(false), solved: Some(false) };
    let evaluate = |form: &str, answer| {
        county.kiosk.react(form, &village(), &Reaction::Evaluation { ticket, answer, evaluation }, &[])
    };
    evaluate("1", 1).unwrap();
    assert!(!progress().may_evaluate, "said here, though the hub has not heard it");
    assert!(matches!(evaluate("2", 1), Err(NotTaken::NotAsked)));
    county.meet();
    assert_eq!(county.state(&id), "复核中");
    let steps = county.hub.opinion(&id).unwrap().unwrap().opinion.steps.len();
    county.meet();
    assert_eq!(county.hub.opinion(&id).unwrap().unwrap().opinion.steps.len(), steps);
    assert_eq!(progress().slip.state, "复核中");
    assert!(matches!(evaluate("2", 2), Err(NotTaken::NotAsked)), "of what is not answered nobody is asked");
    // Another answer is another question.
    county.step(&id, "答复", "已经修好了", "");
    county.meet();
    assert_eq!((progress().may_evaluate, progress().answer), (true, 2));
    evaluate("3", 2).unwrap();
}

#[test]
fn a_rebuilt_hub_comes_to_the_same_without_saying_anything_twice() {
    let county = County::new();
    let (id, ticket) = county.answered();
    let added = Reaction::Addition { ticket, words: "，老人过不去".into(), recording: None, ink: None };
    county.kiosk.react("1", &village(), &added, &[]).unwrap();
    county.kiosk.react("1", &village(), &added, &[]).unwrap();
    county.meet();
    let before = county.hub.opinion(&id).unwrap().unwrap().opinion;
    assert_eq!(before.body, "桥坏了，老人过不去");
    let County { _kiosk, _hub, kiosk, hub } = county;
    drop(hub);
    let hub = Ledger::rebuild(&DataDir::hold(&_hub.path).unwrap(), &_hub.identity).unwrap();
    let county = County { _kiosk, _hub, kiosk, hub };
    assert_eq!(county.hub.unopened(9).unwrap().len(), 1);
    county.meet();
    assert_eq!(county.hub.opinion(&id).unwrap().unwrap().opinion, before);
}

#[test]
fn a_reaction_that_comes_before_its_opinion_waits_for_it() {
    let county = County::new();
    let filed = county.kiosk.file(&village(), "站", opinion("桥坏了"), &Contact::default()).unwrap();
    let words =
        Reaction::Misunderstood { ticket: filed.ticket, words: "是路不是桥".into(), recording: None, ink: None };
    county.kiosk.react("1", &village(), &words, &[]).unwrap();
    carry(&county.kiosk, &county.hub, Audience::County);
    let envelope = county.hub.unopened(9).unwrap().remove(0);
    let record = Record::open(&key(), &envelope.doc, &envelope.payload).unwrap();
    assert_eq!(county.hub.take(&envelope, &record).unwrap(), What::Waits);
    assert!(county.hub.unopened(9).unwrap().is_empty());
    county.meet();
    let step = county.hub.opinion(&filed.id).unwrap().unwrap().opinion.steps.remove(0);
    assert_eq!(
        (step.act.as_str(), step.note.as_str(), step.source),
        ("不是这个意思", "是路不是桥", Some(envelope.doc))
    );
    let elsewhere =
        Reaction::Misunderstood { ticket: Ticket::new(9, 9).unwrap(), words: "一".into(), recording: None, ink: None };
    assert!(matches!(county.kiosk.react("2", &village(), &elsewhere, &[]), Err(NotTaken::NotAsked)));
}

#[test]
fn what_cannot_be_opened_is_kept_apart_and_blocks_nothing() {
    let county = County::new();
    let (id, ticket) = county.answered();
    let added = |words: &str| Reaction::Addition { ticket, words: words.into(), recording: None, ink: None };
    county.kiosk.react("1", &village(), &added("一"), &[]).unwrap();
    county.kiosk.react("2", &village(), &added("二"), &[]).unwrap();
    carry(&county.kiosk, &county.hub, Audience::County);
    let bad = county.hub.unopened(9).unwrap().remove(0);
    county.hub.set_aside(&bad, seal::SealError::Closed).unwrap();
    assert_eq!(county.hub.refused(9).unwrap()[0].reason, Reason::Sealed.word());
    county.meet();
    assert_eq!(county.hub.opinion(&id).unwrap().unwrap().opinion.body, "桥坏了二");
}

#[test]
fn a_matter_on_the_board_follows_its_opinion_and_counts_who_says_me_too() {
    let county = County::new();
    let (id, ticket) = county.answered();
    let file = format!("[[matter]]\nticket = \"{ticket}\"\ntitle = \"石桥桥面\"\nareas = [\"{VILLAGE}\"]\n");
    assert_eq!(county.hub.publish(&publication(&file)).unwrap()[0].outcome, Outcome::New);
    county.meet();
    let shown = || county.kiosk.board(&village(), today()).unwrap().matters.remove(0);
    let (name, first) = shown();
    assert_eq!((name, first.state.as_str(), first.me_too), (matter::id_of(&id), "已答复", 0));
    let public = serde_json::to_string(&first).unwrap();
    assert!(!public.contains(&ticket.digits()) && !public.contains(&id.to_string()) && !public.contains("桥坏了"));
    for form in ["1", "2", "2"] {
        county.kiosk.react(form, &village(), &Reaction::MeToo { matter: name }, &[]).unwrap();
    }
    county.meet();
    county.meet();
    assert_eq!(shown().1.me_too, 2);
    county.step(&id, "销号", "", "");
    county.meet();
    assert_eq!((shown().1.state.as_str(), shown().1.me_too), ("已销号", 2));
    assert_eq!(county.hub.publish(&publication(&file)).unwrap()[0].outcome, Outcome::Same);
    let nobody = Reaction::MeToo { matter: DocId::new([1; 16]) };
    assert!(matches!(county.kiosk.react("3", &village(), &nobody, &[]), Err(NotTaken::NotAsked)));
}

fn write_all_slips(hub: &Ledger) {
    while hub.write_slips().unwrap() > 0 {}
}

/// A hub beneath the county's, whose kiosk is the county's here, and what somebody said there: both hubs have it.
fn said_in_a_township(county: &County) -> (Installation, Ledger, Filed) {
    let town = Installation::new(Role::Hub, "990127", 0);
    let hub = town.open();
    county.hub.leave_slips_of(vec![1..=100]);
    hub.leave_slips_of(vec![0..=0, 101..=u16::MAX]);
    let filed = county.kiosk.file(&village(), "站", opinion("桥坏了"), &Contact::default()).unwrap();
    [&county.hub, &hub].into_iter().for_each(|hub| carry(&county.kiosk, hub, Audience::Deputies));
    (town, hub, filed)
}

/// The township wrote it in its own name where nobody outside of it hears, and the county did not write it at all.
#[test]
fn a_matter_of_an_opinion_that_a_township_numbered_is_kept_up_by_the_county_that_shows_it() {
    let county = County::new();
    let (_town, town, filed) = said_in_a_township(&county);
    let matter = |title: &str| {
        let ticket = filed.ticket;
        publication(&format!("[[matter]]\nticket = \"{ticket}\"\ntitle = \"{title}\"\nareas = [\"{VILLAGE}\"]\n"))
    };
    assert_eq!(county.hub.publish(&matter("石桥桥面")).unwrap()[0].outcome, Outcome::New);
    write_all_slips(&county.hub);
    carry(&county.hub, &town, Audience::Public);
    let step = |act: &str| Edit { step: Some(NewStep { act: act.into(), ..NewStep::default() }), ..Edit::default() };
    town.edit(&filed.id, "镇", &step("受理")).unwrap();
    write_all_slips(&town);
    let own = town.log().public_key();
    let is_in_county = |space: &Space| space.audience == Audience::Public && space.area.code() == "990127";
    let held = town.log().held();
    assert!(!held.iter().any(|held| held.feed.public_key == own && is_in_county(&held.feed.space)));
    assert!(town.slip(&filed.ticket).unwrap().is_some());

    carry(&town, &county.hub, Audience::Deputies);
    write_all_slips(&county.hub);
    carry(&county.hub, &county.kiosk, Audience::Public);
    let shown = county.kiosk.board(&village(), today()).unwrap().matters.remove(0).1;
    assert_eq!((shown.title.as_str(), shown.state.as_str()), ("石桥桥面", "已受理"));
    assert!(county.hub.slip(&filed.ticket).unwrap().is_none(), "the slip is the township's");

    // What the township shows itself it keeps up itself.
    let other = county.kiosk.file(&village(), "站", opinion("灯坏了"), &Contact::default()).unwrap();
    carry(&county.kiosk, &town, Audience::Deputies);
    let own = format!("[[matter]]\nticket = \"{}\"\ntitle = \"路灯\"\nareas = [\"{VILLAGE}\"]\n", other.ticket);
    town.publish(&publication(&own)).unwrap();
    town.edit(&other.id, "镇", &step("受理")).unwrap();
    write_all_slips(&town);
    let shown = town.board(&village(), today()).unwrap().matters;
    assert!(shown.iter().all(|(_, matter)| matter.state == "已受理" || matter.title != "路灯") && shown.len() == 2);
}

/// The township wrote a count of its own into what the county shows, where only its own devices heard of it.
#[test]
fn who_says_me_too_in_a_township_is_counted_by_the_county_that_shows_the_matter() {
    let county = County::new();
    let (_town, town, filed) = said_in_a_township(&county);
    let file = format!("[[matter]]\nticket = \"{}\"\ntitle = \"桥\"\nareas = [\"{VILLAGE}\"]\n", filed.ticket);
    county.hub.publish(&publication(&file)).unwrap();
    [&town, &county.kiosk].into_iter().for_each(|ledger| carry(&county.hub, ledger, Audience::Public));
    let name = matter::id_of(&filed.id);
    county.kiosk.react("1", &village(), &Reaction::MeToo { matter: name }, &[]).unwrap();
    carry(&county.kiosk, &town, Audience::County);
    let envelope = town.unopened(9).unwrap().remove(0);
    let record = Record::open(&key(), &envelope.doc, &envelope.payload).unwrap();
    assert_eq!(town.take(&envelope, &record).unwrap(), What::MeToo);
    assert_eq!(town.count_me_too().unwrap(), 0, "the matter is the county's to keep up");

    // Sealed to the township, it opens to nobody in the county; said again by the township's hub, it does.
    let above = OpenKey::make(7, Seed([7; 32]));
    let repeat = || town.repeat_me_too(&above.seal_key().unwrap()).unwrap();
    assert_eq!((repeat(), repeat()), (1, 0));
    carry(&town, &county.hub, Audience::County);
    // What the township opened came as well, in whatever order.
    let waiting = county.hub.unopened(9).unwrap();
    let opens = |envelope: &&Envelope| Record::open(&above, &envelope.doc, &envelope.payload).is_ok();
    let envelope = waiting.iter().find(opens).unwrap();
    let record = Record::open(&above, &envelope.doc, &envelope.payload).unwrap();
    assert_eq!(county.hub.take(envelope, &record).unwrap(), What::MeToo);
    assert_eq!((waiting.len(), county.hub.count_me_too().unwrap()), (2, 1));
    carry(&county.hub, &town, Audience::Public);
    let shown = town.board(&village(), today()).unwrap().matters.remove(0).1;
    assert_eq!((shown.me_too, town.count_me_too().unwrap()), (1, 0));
}

/// The county built on what a stolen kiosk had written under the name, and every device waited for that for ever.
#[test]
fn a_name_that_a_device_took_first_is_the_countys_to_publish_under_all_the_same() {
    let county = County::new();
    let others = [Installation::new(Role::Deputy, VILLAGE, 2), Installation::new(Role::Deputy, VILLAGE, 3)];
    let [before, after] = others.each_ref().map(Installation::open);
    let id = published::id_of(Kind::Notice, "late");
    let new = NewOpinion { body: "占".into(), ..NewOpinion::default() };
    let stamp = Stamp::new("站", UnixSeconds(9));
    let (_, payload) = civic_core::opinion::file(county.kiosk.log().actor(), &stamp, &new).unwrap();
    let space = Space::new(village(), Audience::Deputies);
    let entry = NewEntry { space, doc: id, kind: EntryKind::Change, at: stamp.at, payload };
    county.kiosk.log().append(vec![entry]).unwrap();
    county.kiosk.catch_up().unwrap();
    [&county.hub, &before].into_iter().for_each(|ledger| carry(&county.kiosk, ledger, Audience::Deputies));
    assert_eq!(before.total(&Filter::default()).unwrap(), 1);

    let file = "[[notice]]\nkey = \"late\"\ntitle = \"开会\"\ntext = \"明天开会。\"\nareas = [\"990127\"]\n";
    let publish = |text: &str| county.hub.publish(&publication(text)).unwrap().remove(0).outcome;
    assert_eq!((publish(file), publish(file)), (Outcome::New, Outcome::Same));
    assert_eq!(publish(&file.replace("明天", "后天")), Outcome::Changed(vec!["text".into()]));
    for ledger in [&county.kiosk, &before, &after] {
        carry(&county.hub, ledger, Audience::Public);
    }
    carry(&county.kiosk, &after, Audience::Deputies);
    let check = |ledger: &Ledger| {
        let notices = ledger.published::<Notice>().unwrap();
        assert!(notices.iter().any(|(name, notice)| *name == id && notice.text == "后天开会。"));
        assert_eq!((ledger.total(&Filter::default()).unwrap(), lines(ledger).len()), (0, 0));
    };
    [&county.hub, &county.kiosk, &before, &after].into_iter().for_each(check);
    check(&Ledger::rebuild(&DataDir::look(&county._hub.path), &county._hub.identity).unwrap());
}

#[test]
fn the_month_is_counted_from_the_countys_slips_of_the_village() {
    let county = County::new();
    let (id, _) = county.answered();
    county.kiosk.file(&village(), "站", opinion("路坏了"), &Contact::default()).unwrap();
    county.meet();
    let month = |village: &str, day: Day| county.kiosk.board(&Area::parse(village).unwrap(), day).unwrap().month;
    let now = clock::now().day();
    assert_eq!(month(VILLAGE, now), Month { asked: 2, settled: 0 });
    county.step(&id, "销号", "", "");
    county.meet();
    assert_eq!(month(VILLAGE, now), Month { asked: 2, settled: 1 });
    assert_eq!(month(&VILLAGE[..9], now).asked, 2);
    assert_eq!(month("990127101202", now), Month::default());
    assert_eq!(month(VILLAGE, Day::parse("2020-01-15").unwrap()), Month::default());
}

/// The board went on to count it in the month in which somebody last spoke of it.
#[test]
fn a_slip_that_an_older_program_dated_by_the_last_word_is_written_anew() {
    let county = County::new();
    let (id, ticket) = county.answered();
    county.step(&id, "销号", "", "");
    county.meet();
    let good = county.hub.slip(&ticket).unwrap().unwrap();
    let County { _kiosk, _hub, kiosk, hub } = county;
    {
        let (tables, name, stamp) = (hub.writer(), slip::id_of(&id), Stamp::new("县", clock::now()));
        let mut kept = tables.document(&name).unwrap().unwrap();
        let late = Slip { moved: UnixSeconds(good.moved.0 + 99), ..good.clone() };
        let payload = late.write(&mut kept.document, hub.log().actor(), &stamp).unwrap().unwrap();
        let entry = hub.entry(&kept.space.area, Audience::Public, name, EntryKind::Change, &stamp, payload).unwrap();
        hub.commit(&tables, vec![entry]).unwrap();
        tables.db.pragma_update(None, "user_version", 10).unwrap();
    }
    assert_eq!((hub.write_slips().unwrap(), hub.slip(&ticket).unwrap().unwrap().moved.0), (0, good.moved.0 + 99));
    drop(hub);
    let county = County { kiosk, hub: _hub.open(), _kiosk, _hub };
    county.meet();
    assert_eq!(county.kiosk.slip(&ticket).unwrap().unwrap().moved, good.moved);
}

#[test]
fn what_is_kept_from_a_village_is_read_by_the_county_alone() {
    let county = County::new();
    let fields = BTreeMap::from([(Field::Topic, "治安".to_owned()), (Field::Village, "石桥村".to_owned())]);
    let new = NewOpinion { body: "有人赌钱".into(), fields, ..NewOpinion::default() };
    let contact = Contact { phone: "13800138000".into(), ..Contact::default() };
    let heard = || Heard {
        new: new.clone(),
        contact: contact.clone(),
        is_kept: true,
        opening: Some(mine().deposit()),
        ..Heard::default()
    };
    let filed = county.kiosk.take_down_form("1", &village(), "站", heard()).unwrap();
    assert_eq!(county.kiosk.take_down_form("1", &village(), "站", heard()).unwrap(), filed, "the form is known again");
    assert_eq!(county.kiosk.filed_from("1").unwrap(), Some(filed));
    let here = county.kiosk.opinion(&filed.id).unwrap().unwrap().opinion;
    assert_eq!((here.body.as_str(), here.fields.len(), here.has_contact), ("", 0, true));

    carry(&county.kiosk, &county.hub, Audience::Deputies);
    assert!(county.hub.opinion(&filed.id).unwrap().is_none(), "nothing of it goes where deputies read");
    county.meet();
    let there = || county.hub.opinion(&filed.id).unwrap().unwrap().opinion;
    assert_eq!((there().body.as_str(), there().field(Field::Topic)), ("有人赌钱", "治安"));
    for (act, note, office) in [("受理", "", ""), ("交办", "", "公安局"), ("答复", "查过了", "")] {
        county.step(&filed.id, act, note, office);
    }
    county.meet();
    let progress = county.kiosk.progress(&filed.ticket, Some(&mine().key)).unwrap().unwrap();
    assert_eq!(
        (progress.slip.state.as_str(), county.kiosk.progress(&filed.ticket, None).unwrap().unwrap().told),
        ("已答复", None)
    );
    assert_eq!(progress.told.unwrap().answer.as_deref(), Some("查过了"), "its holder hears the answer all the same");
    assert_eq!(county.kiosk.opinion(&filed.id).unwrap().unwrap().opinion.body, "");
    let before = there();
    county.meet();
    assert_eq!(there(), before);
}

#[test]
fn a_voice_that_answers_travels_sealed_beside_the_answer_that_names_it() {
    let county = County::new();
    let (id, consultation) = county.kiosk.consultations(&village(), today()).unwrap().remove(0);
    let voices = [Enclosed::voice(vec![7; 900], 23)];
    let recording = civic_core::response::Recording::from(county.kiosk.named("1", &voices).unwrap().remove(0));
    let remark = Remark {
        article: consultation.articles[0].key.clone(),
        edition: consultation.articles[0].edition(),
        recording: Some(recording.clone()),
        ..Remark::default()
    };
    let response = Response { consultation: id, remarks: vec![remark], answers: Vec::new() };
    let name = county.kiosk.respond("1", &village(), &response, &voices).unwrap();
    county.kiosk.respond("1", &village(), &response, &voices).unwrap();
    let voice = civic_core::id::AttachmentId::parse(&recording.hash).unwrap();
    let sealed = county.kiosk.sealed_attachment(&voice).unwrap().unwrap();
    let opened = seal::open_attachment(&key(), &name, AttachmentKind::Voice, &sealed);
    assert_eq!((opened.unwrap(), recording.seconds), (vec![7; 900], 23));
}

#[test]
fn a_result_is_published_once_the_vote_is_over_and_stays_when_its_file_is_published_again() {
    let county = County::new();
    let result = |as_of| VoteCount {
        counted: 3,
        as_of: UnixSeconds(as_of),
        counts: vec![ProjectCount { key: "lamp".into(), count: 3 }],
        ..VoteCount::default()
    };
    assert!(matches!(county.hub.publish_result("2026", result(5)), Err(ResultError::StillOpen(_))));
    assert!(matches!(county.hub.publish_result("none", result(5)), Err(ResultError::NoVote(_))));
    let over = FILE.replace("choose = 2\n", "choose = 2\nopen = { until = \"2020-01-31\" }\n");
    county.hub.publish(&publication(&over)).unwrap();
    assert_eq!(county.hub.publish_result("2026", result(5)).unwrap().outcome, Outcome::Changed(vec!["result".into()]));
    assert_eq!(county.hub.publish_result("2026", result(9)).unwrap().outcome, Outcome::Same);
    county.hub.publish(&publication(&over)).unwrap();
    county.meet();
    let shown = county.kiosk.counted_votes(&village()).unwrap().remove(0).result.unwrap();
    assert_eq!((shown.count_of("lamp"), shown.count_of("road"), shown.as_of), (3, 0, UnixSeconds(5)));
}
