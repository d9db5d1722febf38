//! A slip and its holder: who hears the answer, at any kiosk of the county and without a road, and who does not.

use std::{fs, path::Path};

use serde_json::Value;
use tests::world::{Part, wait_for};

use super::{
    SHIQIAO, Story,
    people::{Operator, Villager, record},
};

const PHRASE: (&str, &str) = ("饮水安全", "家里停水了。");
const ANSWER: &str = "泵房下周一换新泵，这几天每天送两趟水。";

/// Every byte under a directory.
fn everything_in(dir: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        all.extend(if entry.is_dir() { everything_in(&entry) } else { fs::read(entry).unwrap_or_default() });
    }
    all
}

fn tells(words: &[String], what: &str) -> bool {
    words.iter().any(|word| word.contains(what))
}

#[test]
fn the_answer_is_heard_by_its_holder_alone_at_any_kiosk_and_without_a_road() {
    let mut story = Story::begin("slips");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    story.enrolled("far", Part::Kiosk, "远处的站", &["990127202203"]);
    let world = &story.world;
    for key in ["kiosk", "far"] {
        world.start(key).unwrap();
    }

    // Somebody says something in 石桥村 and leaves a telephone number.
    let villager = Villager::at(world, "kiosk").unwrap();
    villager.compose(PHRASE.0, PHRASE.1).unwrap();
    villager.touch("改一改").unwrap();
    for target in ["写好了", "不说这个"] {
        villager.touch(target).unwrap();
    }
    if villager.view().unwrap()["screen"] == "Where" {
        villager.touch("不说这个").unwrap();
    }
    for target in ["留个电话", "我满十四岁，同意留", "1", "3", "8", "0", "0", "1", "3", "8", "按好了", "不留名字"]
    {
        villager.touch(target).unwrap();
    }
    let (ticket, number) = villager.file_and_note().unwrap();
    villager.leave().unwrap();

    // The county answers, and the slip reaches a kiosk in another valley, where the road is then lost.
    let export = || world.tell("hub", &["export"]).unwrap().good().unwrap();
    wait_for("the opinion at the hub", || record(&export(), ticket).ok()).unwrap();
    let id = record(&export(), ticket).unwrap()["id"].as_str().unwrap().to_owned();
    let operator = Operator::at(world).unwrap();
    operator.act(&id, "step", &[("act", "受理"), ("note", ""), ("topic", PHRASE.0)]).unwrap();
    operator.act(&id, "step", &[("act", "交办"), ("note", ""), ("office", "水利局")]).unwrap();
    operator.act(&id, "step", &[("act", "答复"), ("note", ANSWER)]).unwrap();
    let far = Villager::at(world, "far").unwrap();
    let hears = |what: &str| {
        wait_for(what, || {
            far.ask(ticket).ok()?;
            let words = far.unlock(number).unwrap_or_default();
            let is_told = tells(&words, ANSWER);
            far.touch("回首页").ok()?;
            is_told.then_some(())
        })
        .unwrap();
    };
    hears("the slip in the other valley");
    world.cut("far", true).unwrap();
    world.stop("far").unwrap();
    world.start("far").unwrap();
    let far = Villager::at(world, "far").unwrap();

    // Whoever has only the number that finds it, as by trying, learns where it stands.
    let words = far.ask(ticket).unwrap();
    for hidden in [ANSWER, PHRASE.0, "交办", "您满意吗"] {
        assert!(!tells(&words, hidden), "{hidden}: {words:?}");
    }
    let words = far.unlock(number).unwrap();
    assert!(tells(&words, ANSWER) && tells(&words, PHRASE.0) && tells(&words, "交办"), "{words:?}");
    far.touch("回首页").unwrap();
    let is_there = |key: &str, what: &str| {
        everything_in(&world.data(key)).windows(what.len()).any(|window| window == what.as_bytes())
    };
    for key in ["kiosk", "far"] {
        for hidden in [ANSWER, "1380013 8", "13800138", &number.digits(), &number.to_string()] {
            assert!(!is_there(key, hidden), "{hidden} lies on the card of {key}");
        }
    }
    assert!(is_there("hub", ANSWER), "the search finds what is there");

    // Three wrong numbers make the next one wait, also after a start; the paper opens it all the same.
    let wrong = ["123456784", "111111119", "000000000"];
    let wrong = wrong.map(|text| civic_core::opening::OpeningNumber::parse(text).ok()).into_iter().flatten();
    let guesses: Vec<_> =
        wrong.chain((0..9).map(|seed| civic_core::opening::Opening::new([seed; 24]).number)).collect();
    far.ask(ticket).unwrap();
    for guess in guesses.iter().filter(|guess| **guess != number).take(3) {
        far.unlock(*guess).unwrap();
        far.touch("返回").unwrap();
    }
    assert!(tells(&far.unlock(number).unwrap(), "分钟再试"));
    world.kill("far").unwrap();
    world.start("far").unwrap();
    let far = Villager::at(world, "far").unwrap();
    far.ask(ticket).unwrap();
    assert!(tells(&far.unlock(number).unwrap(), "分钟再试"));

    // The holder lost the paper, and is given another at the county; with it they take their number back.
    world.cut("far", false).unwrap();
    let digits = ticket.digits();
    let given = world.tell("hub", &["slip", "reopen", "--ticket", &digits, "--json"]).unwrap().good().unwrap();
    let given: Value = serde_json::from_str(&given).unwrap();
    let code = given["code"].as_str().unwrap();
    wait_for("the slip under the new paper", || tells(&far.scan(code).ok()?, ANSWER).then_some(())).unwrap();
    far.touch("收回姓名电话").unwrap();
    far.touch("收回，请删掉").unwrap();
    wait_for("what the hub was told", || {
        let page = operator.page("/slips").ok()?;
        (page.contains(&format!("/opinion/{id}")) && page.contains("远处的站") && page.contains("<b>3</b>"))
            .then_some(())
    })
    .unwrap();
    let said = world.tell("hub", &["verify"]).unwrap().good().unwrap();
    assert!(said.contains("sound"), "{said}");
}
