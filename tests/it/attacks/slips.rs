//! Somebody stands before a kiosk and tries numbers that are not theirs.

use civic_core::{opening::Opening, ticket::Ticket};
use tests::world::{Part, wait_for};

use super::{Field, Ground};
use crate::stories::{
    SHIQIAO,
    people::{Operator, Villager, record},
};

static GROUND: Ground = Ground::new();

const PHRASE: (&str, &str) = ("饮水安全", "家里停水了。");
const KIOSK: &str = "screen";

/// What stands on a slip that lies on the kiosk: its number, and the number for its answer.
fn slip(field: &mut Field<'_>) -> (Ticket, civic_core::opening::OpeningNumber) {
    let story = field.story();
    if story.world.address(KIOSK).is_none() {
        story.enrolled(KIOSK, Part::Kiosk, "石桥村", &[SHIQIAO]);
        story.world.start(KIOSK).unwrap();
    }
    let villager = Villager::at(&story.world, KIOSK).unwrap();
    villager.compose(PHRASE.0, PHRASE.1).unwrap();
    let slip = villager.file_and_note().unwrap();
    villager.leave().unwrap();
    slip
}

/// 翻查受理号 numbers of slips are tried one after another at a kiosk (enumeration of tickets)
/// - refused: kiosk: whoever hits one learns where it stands, and neither the matter, nor the answer, nor whose it is
/// - audit: nothing: anybody may ask where a matter stands
#[test]
fn whoever_goes_through_the_numbers_of_slips_learns_where_matters_stand_and_nothing_of_them() {
    let mut field = GROUND.enter("slips");
    let (ticket, _) = slip(&mut field);
    let world = &field.story().world;
    let export = || world.tell("hub", &["export"]).unwrap().good().unwrap();
    let held = wait_for("the opinion at the hub", || record(&export(), ticket).ok()).unwrap();
    let id = held["id"].as_str().unwrap().to_owned();
    let operator = Operator::at(world).unwrap();
    operator.act(&id, "step", &[("act", "受理"), ("note", ""), ("topic", PHRASE.0)]).unwrap();
    operator.act(&id, "step", &[("act", "交办"), ("note", ""), ("office", "水利局")]).unwrap();
    operator.act(&id, "step", &[("act", "答复"), ("note", "泵房下周一换新泵。")]).unwrap();
    let villager = Villager::at(world, KIOSK).unwrap();
    wait_for("the state at the kiosk", || {
        let words = villager.ask(ticket).ok()?;
        villager.touch("回首页").ok()?;
        for hidden in ["泵房", "停水", PHRASE.0, "水利局"] {
            assert!(!words.iter().any(|word| word.contains(hidden)), "{hidden}: {words:?}");
        }
        words.iter().any(|word| word.contains("答复")).then_some(())
    })
    .unwrap();
}

/// 试听答复的号 numbers for the answer are tried at a kiosk (enumeration of codes)
/// - refused: kiosk: after three wrong ones each next one waits 30 seconds to 15 minutes, and a power cut shortens nothing
/// - audit: told to the county sealed, counted by kiosk on the hub's page of slips
#[test]
fn whoever_tries_numbers_for_an_answer_must_wait_and_the_county_is_told() {
    let mut field = GROUND.enter("slips");
    let (ticket, number) = slip(&mut field);
    let world = &field.story().world;
    let villager = Villager::at(world, KIOSK).unwrap();
    villager.ask(ticket).unwrap();
    let wrong = (0..9).map(|seed| Opening::new([seed; 24]).number).filter(|guess| *guess != number);
    for guess in wrong.take(3) {
        villager.unlock(guess).unwrap();
        villager.touch("返回").unwrap();
    }
    let waits = |words: Vec<String>| words.iter().any(|word| word.contains("分钟再试"));
    assert!(waits(villager.unlock(number).unwrap()), "not even the right one is heard now");
    world.kill(KIOSK).unwrap();
    world.start(KIOSK).unwrap();
    let villager = Villager::at(world, KIOSK).unwrap();
    villager.ask(ticket).unwrap();
    assert!(waits(villager.unlock(number).unwrap()), "nor after the plug was pulled");
    let operator = Operator::at(world).unwrap();
    wait_for("what the hub was told", || {
        let page = operator.page("/slips").ok()?;
        (page.contains("石桥村") && page.contains("<b>3</b>")).then_some(())
    })
    .unwrap();
}
