//! Own words in a consultation: opened for a reason, by who may hear there, and noted.

use civic_core::{
    ink::{Dot, Ink, InkBox, Stroke},
    response::{Answer, Answered},
};

use super::{
    details::{Screen, noted},
    *,
};

/// Two people answered a question of their own: one typed and spoke, one wrote with a finger.
async fn answered(desk: &Desk) {
    let home = desk.dir.join("hub");
    desk.work(move |console, _| {
        let text = "[[consultation]]\nkey = \"rules\"\ntitle = \"<b>村规民约\"\nareas = [\"990127\"]\n\
                    [[consultation.article]]\nkey = \"1\"\ntitle = \"第一条\"\ntext = \"不倒垃圾。\"\n\
                    [[consultation.question]]\nkey = \"1\"\ntype = \"text\"\ntext = \"还缺什么\"\n";
        let publication = Publication::parse(text, console.ledger.codebook(), &BTreeSet::new()).unwrap();
        console.ledger.publish(&publication).unwrap();
        let (id, _) = console.ledger.published::<Consultation>().unwrap().remove(0);
        let stroke = Stroke { dots: vec![Dot { x: 1, y: 2, ms: 0 }, Dot { x: 900, y: 800, ms: 60 }] };
        let drawn = Ink { boxes: vec![InkBox { strokes: vec![stroke], meant: None }] };
        let voice = Enclosed::voice(b"OggS whatever it is".repeat(20), 7);
        for (form, words, beside) in [("1", "罚得太重<i>", voice), ("2", "", Enclosed::ink(drawn.encode()))] {
            let beside = [beside];
            let named = console.ledger.named(form, &beside).unwrap().remove(0);
            let answer = match words {
                "" => Answer::in_own_words("", None, Some(named.into())),
                words => Answer::in_own_words(words, Some(named.into()), None),
            };
            let answers = vec![Answered { question: "1".into(), answer: answer.unwrap() }];
            let response = Response { consultation: id, remarks: Vec::new(), answers };
            console.ledger.respond(form, &village(), &response, &beside).unwrap();
        }
        while console.opener.work().unwrap() > 0 {}
        let keys = Keys::open(&DataDir::look(&home)).unwrap();
        while console.vault.take_in(&console.ledger, &keys.ring(), now()).unwrap() > 0 {}
    })
    .await;
}

#[tokio::test]
async fn own_words_are_heard_and_seen_for_a_reason_piece_by_piece_and_it_is_noted() {
    let desk = Desk::set().await;
    answered(&desk).await;
    let li = Screen::of_li(&desk).await;
    let page = li.get("/results/rules").await.body;
    assert!(page.contains("data-piece=\"question-1\" data-said=\"2\"") && !page.contains("data-piece=\"article-1\""));
    assert!(page.contains("&lt;b&gt;村规民约") && !page.contains("罚得太重") && !page.contains("/opened/"), "{page}");

    let silent = li.post("/results/rules/open", &[("piece", "question-1"), ("other", " ")]).await;
    assert_eq!((silent.status, silent.body.contains("罚得太重")), (422, false));
    assert_eq!(noted(&desk, Action::AskOpening, true).await, 1);

    let form = [("piece", "question-1"), ("reason", "联系核实"), ("other", "")];
    let opened = li.post("/results/rules/open", &form).await;
    assert_eq!(opened.status, 200);
    assert!(opened.body.contains("罚得太重&lt;i&gt;") && opened.body.contains("points=\"1,2 900,800\""));
    let address = opened.body.split("src=\"/opened/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let heard = li.get(&format!("/opened/{address}")).await;
    assert!(heard.status == 200 && heard.head.contains("audio/ogg") && heard.body.contains("OggS whatever"));
    assert_eq!(noted(&desk, Action::OpenDetails, false).await, 1);
    assert!(!li.get("/results/rules").await.body.contains("罚得太重"), "it is in the answer alone");

    // Ended before its time, nothing is heard under that address.
    let grant = address.split('/').next().unwrap();
    assert_eq!(li.post("/results/rules/hide", &[("grant", grant)]).await.status, 303);
    assert_ne!(li.get(&format!("/opened/{address}")).await.status, 200);
    assert_eq!(li.get("/results/none").await.status, 404);
}

#[tokio::test]
async fn who_may_hear_elsewhere_hears_nothing_of_this_village() {
    let desk = Desk::set().await;
    answered(&desk).await;
    let elsewhere = Screen::at(&desk, "990127102").await;
    let page = elsewhere.get("/results/rules").await;
    assert!(page.status == 200 && page.body.contains("id=\"nothing\""), "{}", page.body);
    let form = [("piece", "question-1"), ("reason", "联系核实")];
    assert!(!elsewhere.post("/results/rules/open", &form).await.body.contains("罚得太重"));
}
