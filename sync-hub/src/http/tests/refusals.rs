//! What the pages do not answer is noted, once, and a flood of it fills nothing.

use std::net::SocketAddr;

use axum::middleware;

use super::*;
use crate::watch::Watch;

/// The pages as the hub serves them, behind the guard and the watch.
async fn served(desk: &Desk) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let watch = Arc::new(Watch::new(desk.console.audit.clone()));
    let pages = web::guard::protect(router(desk.console.clone()))
        .layer(middleware::from_fn_with_state(watch, note_refusals))
        .into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, pages).await });
    at
}

#[tokio::test]
async fn what_is_not_answered_is_noted_once_with_its_reason_however_often_it_is_tried() {
    let mut desk = Desk::set().await;
    desk.at = served(&desk).await;
    let at = desk.at;
    let cookie = format!("cookie: __Host-huiyin={}\r\n", desk.key.text());
    let kind = "content-type: application/x-www-form-urlencoded\r\n";
    let long = "a".repeat(256 * 1024 + 100);
    let post = |head: &str, body: &str| {
        let length = body.len();
        format!(
            "POST /account/end-others HTTP/1.1\r\nhost: {at}\r\n{head}{kind}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
    };
    let get = |host: &str, head: &str| format!("GET / HTTP/1.1\r\nhost: {host}\r\n{head}connection: close\r\n\r\n");
    for (request, status, why) in [
        (get("evil.example", ""), 403, "the host is no name of this machine"),
        (post("origin: http://evil.example\r\n", "a=b"), 403, "it came from a page of another site"),
        (post("sec-fetch-site: same-site\r\n", "a=b"), 403, "it came from a page of another site"),
        (post(&cookie, "csrf=0"), 403, "the form is not one of this session"),
        (post(&cookie, &long), 413, "the body is too long"),
        (get(&at.to_string(), &format!("x: {}\r\n", &long[..20_000])), 431, "the address or the headers are too long"),
        (get(&at.to_string(), "").replace("GET / ", "GET /..%2fseal.key "), 404, "there is no such page or record"),
    ] {
        for _ in 0..5 {
            assert_eq!(desk.ask(request.clone()).await.status, status, "{why}");
        }
        let noted = Search {
            action: Some(Action::RefuseRequest),
            text: Some(why.into()),
            is_refused: true,
            ..Search::default()
        };
        let noted = desk.console.audit.find(&noted, i64::MAX, 9).unwrap();
        assert_eq!((noted.len(), noted[0].address.as_str()), (1, "127.0.0.1"), "{why}");
    }
    assert_eq!(desk.get("/").await.status, 200);
    let all = Search { action: Some(Action::RefuseRequest), ..Search::default() };
    assert_eq!(desk.console.audit.count(&all).unwrap(), 6, "who is answered is not in it");
}
