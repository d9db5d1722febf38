//! The county asks and the village answers: published records reach a kiosk, what people say there without a road comes
//! to the hub, and the hub counts it and acts on it once.

use civic_core::{
    access::Role,
    area::Area,
    consultation::Asks,
    id::DocId,
    opening::OpeningNumber,
    opinion::Evaluation,
    reaction::Reaction,
    response::{Answer, Answered, Recording, Remark, Response},
    slip::Content,
    ticket::Ticket,
    time::Day,
    token::Token,
};
use ledger::{Ledger, NotTaken};
use replica::{dir::DataDir, identity::Identity};
use serde_json::{Value, json};
use tests::{
    sample,
    world::{Part, wait_for},
};

use super::{
    SHIQIAO, Story,
    people::{Operator, Villager, record},
};

const VOTE: &str = "2027-projects";
const CONSULTATION: &str = "water-rules";
const ROAD: (&str, &str) = ("道路交通", "我们村的路坏了，车不好走。");

fn village() -> Area {
    Area::parse(SHIQIAO).unwrap()
}

fn today() -> Day {
    Day::parse("2026-11-22").unwrap()
}

impl Story {
    /// The kiosk's ledger, while the kiosk does not run: what somebody does before its screen, without the screen.
    fn before_the_kiosk(&self) -> Ledger {
        let dir = DataDir::hold(&self.world.data("kiosk")).unwrap();
        Ledger::open(&dir, &Identity::load(&dir, Role::Kiosk).unwrap()).unwrap()
    }

    pub(super) fn hub(&self, args: &[&str]) -> String {
        self.world.tell("hub", args).unwrap().good().unwrap()
    }

    fn tally(&self, sort: &str, key: &str) -> Value {
        serde_json::from_str(&self.hub(&["tally", sort, key, "--json"])).unwrap()
    }

    pub(super) fn meet(&self) {
        self.world.tell("kiosk", &["sync", "--once"]).unwrap().good().unwrap();
    }

    /// An opinion that was said at the kiosk, and answered at the hub's pages.
    pub(super) fn answered(&self) -> (String, Ticket, OpeningNumber) {
        self.world.start("kiosk").unwrap();
        let villager = Villager::at(&self.world, "kiosk").unwrap();
        villager.compose(ROAD.0, ROAD.1).unwrap();
        let (ticket, number) = villager.file_and_note().unwrap();
        let at_hub = || record(&self.world.tell("hub", &["export"]).ok()?.out, ticket).ok();
        let opinion = wait_for("the opinion at the hub", at_hub).unwrap();
        let id = opinion["id"].as_str().unwrap().to_owned();
        let operator = Operator::at(&self.world).unwrap();
        operator.act(&id, "step", &[("act", "受理"), ("note", ""), ("topic", ROAD.0)]).unwrap();
        operator.act(&id, "step", &[("act", "答复"), ("note", "下月就修。")]).unwrap();
        self.world.stop("kiosk").unwrap();
        (id, ticket, number)
    }
}

/// An answer to a question of each type.
fn answer(question: &civic_core::consultation::Question) -> Answer {
    let first = |count: usize| question.choices.iter().take(count).cloned().collect();
    match question.asks {
        Asks::Single | Asks::Faces | Asks::Place => Answer::Chosen(first(1)),
        Asks::Multiple => Answer::Chosen(first(question.most())),
        Asks::Rank => Answer::Chosen(question.choices.iter().rev().cloned().collect()),
        Asks::Scale => Answer::Number(4),
        Asks::Text => Answer::Words("水库边装护栏".into()),
        Asks::Voice => Answer::Spoken(Recording { hash: "ab".repeat(32), seconds: 20 }),
        Asks::Unknown => panic!("the sample asks in ways that are known"),
    }
}

#[test]
fn what_a_village_says_to_what_is_published_is_counted_once_and_acted_on_once() {
    let mut story = Story::begin("publish");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let (id, ticket, number) = story.answered();

    // The hub publishes while it serves, makes tokens for two households, and shows the matter on the board.
    for (name, text) in sample::PUBLISHED {
        story.world.publish(name, text).unwrap().good().unwrap();
    }
    let tokens: Value =
        serde_json::from_str(&story.hub(&["tokens", "--vote", VOTE, "--count", "2", "--json"])).unwrap();
    let token = |place: usize| Token::parse(tokens["tokens"][place].as_str().unwrap()).unwrap();
    let matter = format!("[[matter]]\nticket = \"{ticket}\"\ntitle = \"村里的路\"\nareas = [\"{SHIQIAO}\"]\n");
    assert_eq!(
        story.world.publish("matter.toml", &matter).unwrap().good().unwrap(),
        format!("matter {ticket}: published\n")
    );
    story.meet();

    // The road is gone, and the village answers.
    story.world.cut("kiosk", true).unwrap();
    let kiosk = story.before_the_kiosk();
    let board = kiosk.board(&village(), today()).unwrap();
    assert_eq!((board.notices.len(), board.matters.len(), kiosk.deputies(&village()).unwrap().len()), (3, 1, 6));
    let (name, consultation) = kiosk.consultations(&village(), today()).unwrap().remove(0);
    let remark = |article: usize, agrees, words: &str| Remark {
        article: consultation.articles[article].key.clone(),
        edition: consultation.articles[article].edition(),
        agrees,
        words: words.into(),
        ..Remark::default()
    };
    let answers = consultation.questions.iter();
    let answers = answers.map(|question| Answered { question: question.key.clone(), answer: answer(question) });
    let response = Response {
        consultation: name,
        remarks: vec![remark(0, Some(true), ""), remark(1, Some(false), "鸭子总要喝水")],
        answers: answers.collect(),
    };
    for form in ["one", "one", "two"] {
        kiosk.respond(form, &village(), &response, &[]).unwrap();
    }
    let (vote, _) = kiosk.votes(&village(), today()).unwrap().remove(0);
    let cast = |token, choices: &[&str]| {
        kiosk.vote(&village(), &vote, token, choices.iter().map(|choice| (*choice).to_owned()).collect())
    };
    cast(token(0), &["road", "bus"]).unwrap();
    assert!(matches!(cast(token(0), &["lamp"]), Err(NotTaken::UsedToken)));
    assert!(matches!(cast(Token::new([5; 8]), &["lamp"]), Err(NotTaken::UnknownToken)));
    cast(token(1), &["road", "clinic", "canteen"]).unwrap();
    let evaluation = Evaluation { satisfied: Some(true), solved: Some(false) };
    let slip = kiosk.slip(&ticket).unwrap().unwrap();
    let Content::Sealed { lock, .. } = &slip.content else { panic!("what the villager was given opens it") };
    let key = lock.open(number).unwrap();
    let may_evaluate = || kiosk.progress(&ticket, Some(&key)).unwrap().unwrap().may_evaluate;
    assert!(may_evaluate());
    kiosk.react("three", &village(), &Reaction::Evaluation { ticket, answer: 1, evaluation }, &[]).unwrap();
    assert!(!may_evaluate());
    let addition = Reaction::Addition { ticket, words: "桥头最坏。".into(), recording: None, ink: None };
    kiosk.react("four", &village(), &addition, &[]).unwrap();
    let me_too = Reaction::MeToo { matter: board.matters[0].0 };
    kiosk.react("five", &village(), &me_too, &[]).unwrap();
    kiosk.react("six", &village(), &me_too, &[]).unwrap();
    drop(kiosk);

    // The road is mended; meeting twice and counting twice changes nothing.
    story.world.cut("kiosk", false).unwrap();
    story.meet();
    let at_hub = || record(&story.world.tell("hub", &["export"]).ok()?.out, ticket).ok();
    let opinion = wait_for("the recheck and the addition", || {
        at_hub().filter(|opinion| opinion["status"] == "复核中" && opinion["body"] != ROAD.1)
    })
    .unwrap();
    assert_eq!(opinion["body"], format!("{}桥头最坏。", ROAD.1));
    let said: Vec<&Value> =
        opinion["timeline"].as_array().unwrap().iter().filter(|step| step["by"] == "群众").collect();
    assert_eq!(said.len(), 2, "{said:?}");
    let recheck = said.iter().find(|step| step["act"] == "要求复核").unwrap();
    assert_eq!((&recheck["satisfied"], &recheck["solved"]), (&json!(true), &json!(false)));

    let votes = story.tally("--vote", VOTE);
    let count =
        |key: &str| votes["projects"].as_array().unwrap().iter().find(|it| it["key"] == key).unwrap()["count"].clone();
    assert_eq!((&votes["counted"], &votes["tokens"], &votes["refused"]), (&json!(2), &json!(2), &json!(0)), "{votes}");
    assert_eq!((count("road"), count("bus"), count("lamp")), (json!(2), json!(1), json!(0)));
    let responses = story.tally("--consultation", CONSULTATION);
    assert_eq!((&responses["responses"], &responses["unfit"]), (&json!(2), &json!(0)), "{responses}");
    assert_eq!((&responses["articles"][0]["agree"], &responses["articles"][1]["disagree"]), (&json!(2), &json!(2)));
    assert_eq!(responses["articles"][1]["said"][0]["words"], "鸭子总要喝水");
    assert!(responses["questions"].as_array().unwrap().iter().all(|question| question["answered"] == 2));
    assert!(!responses.to_string().contains(&ticket.digits()));
    let results = Operator::at(&story.world).unwrap().page("/results").unwrap();
    assert!(results.contains("data-counted=\"2\"") && results.contains("data-responses=\"2\""));
    assert!(!results.contains("鸭子总要喝水"));
    // What was said in own words is heard and seen behind the results, for a reason.
    let operator = Operator::at(&story.world).unwrap();
    let own = operator.page(&format!("/results/{CONSULTATION}")).unwrap();
    assert!(own.contains("data-said=\"2\"") && !own.contains("鸭子总要喝水"));

    // Slips for two more households, on a sheet that is written once and never over another.
    let sheet = story.dir.join("slips.html");
    let make = ["tokens", "--vote", VOTE, "--count", "2", "--sheet", sheet.to_str().unwrap()];
    story.hub(&make);
    let page = std::fs::read_to_string(&sheet).unwrap();
    assert_eq!((page.matches("<svg").count(), page.contains("二〇二七年民生实事项目票选")), (2, true));
    assert_eq!(story.world.tell("hub", &make).unwrap().code, 1, "it is there already");
    assert_eq!(story.tally("--vote", VOTE)["tokens"], json!(4));

    story.meet();
    assert_eq!(at_hub().unwrap(), opinion);
    assert_eq!(story.tally("--vote", VOTE)["projects"], votes["projects"]);
    let shown = wait_for("me too on the board", || {
        story.meet();
        let matter = story.before_the_kiosk().board(&village(), today()).ok()?.matters.remove(0).1;
        (matter.me_too == 2 && matter.state == "复核中").then_some(matter)
    });
    assert_eq!(shown.unwrap().title, "村里的路");
    assert!(DocId::parse(&id).is_some());

    // The same files again change nothing; another wording is said to be one.
    for (name, text) in sample::PUBLISHED {
        let said = story.world.publish(name, text).unwrap().good().unwrap();
        assert!(said.lines().all(|line| line.ends_with(": as it was")), "{said}");
    }
    let reworded = sample::PUBLISHED[2].1.replace("屋里烧炭一定要开窗。", "屋里不要烧炭。");
    let said = story.world.publish("notices.toml", &reworded).unwrap().good().unwrap();
    assert!(said.starts_with("notice winter-heating: changed: text\n"), "{said}");
}

#[test]
fn a_file_that_is_wrong_is_told_with_its_line_and_nothing_of_it_is_published() {
    let story = Story::begin("unpublished");
    let refused = |text: &str| {
        let done = story.world.publish("wrong.toml", text).unwrap();
        assert_eq!(done.code, 1, "{}", done.out);
        done.err
    };
    let good = "[[notice]]\nkey = \"a\"\ntitle = \"一\"\ntext = \"一\"\nareas = [\"990127\"]\n";
    let said = refused(&format!("{good}[[notice]]\nkey = \"b\"\ntilte = \"二\"\n"));
    assert!(said.contains("Nothing of") && said.contains("line 8: there is no field notice.tilte"), "{said}");
    let said =
        refused(&format!("{good}[[deputy]]\ncode = \"1\"\nname = \"甲\"\nlevel = \"王\"\nareas = [\"990127\"]\n"));
    assert!(said.contains("line 6: [[deputy]] \"1\": level: \"王\" is not one of the county's words"), "{said}");
    let said = refused("# nothing\n");
    assert!(said.contains("holds nothing to publish"), "{said}");
    assert_eq!(story.world.publish("good.toml", good).unwrap().good().unwrap(), "notice a: published\n");
    // The same command does it itself while no hub is serving.
    story.world.stop("hub").unwrap();
    assert_eq!(story.world.publish("good.toml", good).unwrap().good().unwrap(), "notice a: as it was\n");
    story.world.start("hub").unwrap();

    let ticket = Ticket::new(9, 9).unwrap();
    let matter = format!("[[matter]]\nticket = \"{ticket}\"\ntitle = \"桥\"\nareas = [\"990127\"]\n");
    let done = story.world.publish("matter.toml", &matter).unwrap();
    assert_eq!((done.code, done.out.contains("no opinion of this name")), (1, true), "{}", done.out);
    for args in [&["tokens", "--vote", "none", "--count", "1"][..], &["tally", "--vote", "none"]] {
        let done = story.world.tell("hub", args).unwrap();
        assert_eq!((done.code, done.err.contains("no vote \"none\" was published")), (1, true), "{}", done.err);
    }
    let sheet = story.dir.join("none.html");
    let made =
        story.world.tell("hub", &["tokens", "--vote", "none", "--count", "1", "--sheet", sheet.to_str().unwrap()]);
    assert_eq!((made.unwrap().code, sheet.exists()), (1, false), "no sheet stays of no vote");
    for args in [&["tokens", "--vote", "none", "--count", "2001"][..], &["tally"]] {
        assert_eq!(story.world.tell("hub", args).unwrap().code, 2);
    }
}

#[test]
fn a_village_answers_at_its_kiosk_and_sees_what_came_of_the_vote() {
    let mut story = Story::begin("asked");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    for (name, text) in sample::PUBLISHED {
        story.world.publish(name, text).unwrap().good().unwrap();
    }
    let tokens: Value =
        serde_json::from_str(&story.hub(&["tokens", "--vote", VOTE, "--count", "2", "--json"])).unwrap();
    story.meet();
    story.world.cut("kiosk", true).unwrap();
    story.world.start("kiosk").unwrap();
    let villager = Villager::at(&story.world, "kiosk").unwrap();
    let touch_all = |targets: &[&str]| targets.iter().for_each(|target| villager.touch(target).unwrap());
    let sees = |words: &str| {
        let shown = villager.words().unwrap();
        assert!(shown.iter().any(|line| line.contains(words)), "{words:?} is not on the screen: {shown:?}");
    };

    // A consultation, answered in part; the power fails in the middle, and nothing that was said is lost.
    touch_all(&["村里的事", "请您说一说", "青禾县饮用水源保护办法（征求意见稿）", "开始", "同意", "下一页", "不同意"]);
    touch_all(&["我要说", "写下来", "l", "u", "Press(Space)", "写好了"]);
    sees("第四条");
    story.world.kill("kiosk").unwrap();
    story.world.start("kiosk").unwrap();
    let villager = Villager::at(&story.world, "kiosk").unwrap();
    let touch_all = |targets: &[&str]| targets.iter().for_each(|target| villager.touch(target).unwrap());
    let sees = |words: &str| {
        let shown = villager.words().unwrap();
        assert!(shown.iter().any(|line| line.contains(words)), "{words:?} is not on the screen: {shown:?}");
    };
    touch_all(&["提意见", "是我，接着说"]);
    sees("第四条");
    touch_all(&[
        "GoOn",
        "GoOn",
        "还行",
        "GoOn",
        "GoOn",
        "停水",
        "太贵",
        "GoOn",
        "4",
        "GoOn",
        "换水管",
        "清垃圾",
        "GoOn",
    ]);
    touch_all(&["石桥水库", "GoOn", "GoOn", "GoOn"]);
    sees("您答了 7 处");
    touch_all(&["交给县里"]);
    sees("您的话收好了");
    touch_all(&["回首页"]);

    // Two households vote, one of them tries twice.
    let number = |place: usize| {
        touch_all(&["村里的事", "请您说一说", "二〇二七年民生实事项目票选", "按选票号投票"]);
        tokens["tokens"][place].as_str().unwrap().chars().for_each(|digit| villager.touch(&digit.to_string()).unwrap());
        touch_all(&["打开选票"]);
    };
    number(0);
    touch_all(&["Project(0)", "Project(5)", "选好了", "投票", "回首页"]);
    number(0);
    sees("投过票了");
    touch_all(&["Back", "Back", "Back", "Back"]);
    number(1);
    touch_all(&["Project(5)", "选好了", "投票", "回首页"]);

    // Something is kept from the village, and somebody wants to talk to a deputy.
    touch_all(&["提意见", "治安", "写下来", "夜里有人飙车。", "写好了", "这几天", "石桥头", "不让村里知道", "不用留"]);
    let kept = villager.file().unwrap();
    touch_all(&[
        "记好了，回首页",
        "村里的事",
        "找代表",
        "周启明 · 县人大代表",
        "约代表谈谈",
        "写下来",
        "l",
        "u",
        "Press(Space)",
    ]);
    touch_all(&["写好了", "不用留"]);
    let talk = villager.file().unwrap();
    story.world.stop("kiosk").unwrap();
    let here = record(&story.world.tell("kiosk", &["export"]).unwrap().out, kept).unwrap();
    assert!(here["body"].as_str().unwrap_or_default().is_empty() && !here.to_string().contains("治安"), "{here}");

    story.world.cut("kiosk", false).unwrap();
    story.meet();
    let at_hub = |ticket| record(&story.world.tell("hub", &["export"]).ok()?.out, ticket).ok();
    let whole =
        wait_for("what was kept from the village", || at_hub(kept).filter(|opinion| opinion["topic"] == "治安"));
    assert!(whole.unwrap().to_string().contains("石桥头"));
    let talk = at_hub(talk).unwrap();
    assert!(talk.to_string().contains("周启明") && talk.to_string().contains("约见代表"), "{talk}");
    let responses = story.tally("--consultation", CONSULTATION);
    assert_eq!((&responses["responses"], &responses["unfit"]), (&json!(1), &json!(0)), "{responses}");
    assert_eq!((&responses["articles"][0]["agree"], &responses["articles"][1]["disagree"]), (&json!(1), &json!(1)));
    assert!(!responses["articles"][1]["said"][0]["words"].as_str().unwrap().is_empty());

    // The vote is over: its result is counted, published, and shown in the village.
    let open = story.world.tell("hub", &["tally", "--vote", VOTE, "--publish"]).unwrap();
    assert_eq!((open.code, open.err.contains("is not over")), (1, true), "{}", open.err);
    let (name, text) = sample::PUBLISHED.into_iter().find(|(_, text)| text.contains("[[vote]]")).unwrap();
    story.world.publish(name, &text.replace("2030-12-31", "2026-11-02")).unwrap().good().unwrap();
    story.hub(&["tally", "--vote", VOTE, "--publish"]);
    story.meet();
    story.world.start("kiosk").unwrap();
    let villager = Villager::at(&story.world, "kiosk").unwrap();
    for target in ["村里的事", "请您说一说", "结果：二〇二七年民生实事项目票选"] {
        villager.touch(target).unwrap();
    }
    let shown = villager.words().unwrap();
    let place = |words: &str| shown.iter().position(|line| line == words);
    assert!(place("农村班车") < place("通组路硬化") && place("2").is_some(), "{shown:?}");
    assert!(shown.iter().any(|line| line.contains("有效票 2 张")), "{shown:?}");
}
