//! A program's pages as a browser meets them, over a socket of this machine: what its links and forms honestly send, and what
//! it answers to anything else.

use std::{
    collections::BTreeSet,
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

/// A page that has not answered by then is asked whether it waits for more.
const SOON: Duration = Duration::from_secs(2);
/// And after this it never will.
const LATE: Duration = Duration::from_secs(15);
/// What a browser leaves to wait for news, and what is no page.
const PASSED_OVER: [&str; 3] = ["/events", "/assets/", "/fonts/"];
/// What people write into an empty field: nothing of it may become part of a page's own language.
const WRITTEN: &str = "路坏了<i>bent</i>";

/// What stands in requests for something of this site alone, such as a cookie, and what that is now.
pub(super) type Names = Vec<(&'static str, Box<dyn Fn() -> String>)>;

/// The pages of one program.
pub(super) struct Site {
    /// Where it is.
    pub(super) at: SocketAddr,
    /// What is put into requests as they go out.
    pub(super) names: Names,
    /// Stands behind every request's first line.
    pub(super) head: &'static str,
}

/// What came back.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn read(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Self { status, head, body: bytes[end + 4..].to_vec() })
    }

    /// Whether all of it has come.
    fn is_whole(&self) -> bool {
        let len = self.head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
        len.is_some_and(|len: usize| self.body.len() >= len)
    }

    fn is_page(&self) -> bool {
        self.head.contains("content-type: text/html")
    }
}

impl Site {
    /// Sends a bent request, repaired; whether a page answered that could do something with it.
    pub(super) fn knock(&self, bent: &[u8]) -> Result<bool, String> {
        let Some(answer) = self.ask(&self.repaired(bent))? else { return Ok(false) };
        let words = WRITTEN.as_bytes().split_at("路坏了".len()).1;
        if answer.is_page() && answer.body.windows(words.len()).any(|piece| piece == words) {
            return Err("words of people became part of a page".to_owned());
        }
        match answer.status {
            // The library that reads requests says so of another version of them.
            ..500 | 505 => Ok(answer.status < 400),
            status => Err(format!("the page failed: {status}")),
        }
    }

    /// Everything that the links and forms of the pages from `/` on honestly send, one of each kind.
    pub(super) fn requests(&self) -> Vec<Vec<u8>> {
        let (mut known, mut todo, mut requests) = (BTreeSet::new(), vec!["/".to_owned()], Vec::new());
        while let Some(path) = todo.pop() {
            if PASSED_OVER.iter().any(|passed| path.starts_with(passed)) || !known.insert(kind_of(&path)) {
                continue;
            }
            let request = self.request("GET", &path, "");
            let answer = self.ask(&self.repaired(request.as_bytes()));
            requests.push(request.into_bytes());
            let Ok(Some(answer)) = answer else { continue };
            let page = self.unnamed(String::from_utf8_lossy(&answer.body).into_owned());
            todo.extend(tags(&page, "a").filter_map(|tag| attribute(tag, "href")).filter(|to| to.starts_with('/')));
            for form in page.split("<form").skip(1) {
                let form = form.split("</form>").next().unwrap_or_default();
                let (action, pairs) = (attribute(form, "action").unwrap_or_else(|| path.clone()), filled_in(form));
                let (method, path, body) = match attribute(form, "method") {
                    Some(method) if method.eq_ignore_ascii_case("post") => ("POST", action, pairs),
                    Some(_) | None => ("GET", format!("{action}?{pairs}"), String::new()),
                };
                if known.insert(format!("{method} {} {}", kind_of(&path), kind_of(&body))) {
                    requests.push(self.request(method, &path, &body).into_bytes());
                }
            }
        }
        requests
    }

    /// A request without what is put in as it goes out.
    pub(super) fn request(&self, method: &str, path: &str, body: &str) -> String {
        let kind = if body.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
        format!("{method} {path} HTTP/1.0\r\nhost: 127.0.0.1\r\n{}content-type: {kind}\r\n\r\n{body}", self.head)
    }

    /// With names for what is of this site alone.
    fn unnamed(&self, page: String) -> String {
        self.names.iter().fold(page, |page, (name, value)| page.replace(&value(), name))
    }

    /// With the cookie, the mark of the form and the length that belong to it.
    fn repaired(&self, bent: &[u8]) -> Vec<u8> {
        let mut bytes = bent.to_vec();
        for (name, value) in self.names.iter().filter(|(name, _)| place_of(name, bent).is_some()) {
            bytes = replaced(&bytes, name, value().as_bytes());
        }
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
        let body = bytes.get(end + 4..).unwrap_or_default().to_vec();
        bytes.truncate(end);
        bytes.extend(format!("\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes());
        bytes.extend(body);
        bytes
    }

    /// Sends a request as it is; nothing if it is not answered but for an end of the connection.
    fn ask(&self, request: &[u8]) -> Result<Option<Answer>, String> {
        let failed = |error: std::io::Error| format!("the socket failed: {error}");
        let mut socket = TcpStream::connect(self.at).map_err(failed)?;
        socket.set_read_timeout(Some(SOON)).map_err(failed)?;
        // Whoever does not want to hear it all has closed already, and may have said why.
        let _ = socket.write_all(request);
        let (mut bytes, mut piece, mut has_waited) = (Vec::new(), vec![0; 64 * 1024], false);
        loop {
            match socket.read(&mut piece) {
                Ok(0) => break,
                Ok(len) => bytes.extend_from_slice(&piece[..len]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) && !has_waited => {
                    has_waited = true;
                    let _ = socket.shutdown(Shutdown::Write);
                    socket.set_read_timeout(Some(LATE)).map_err(failed)?;
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Err("it never answers".to_owned());
                }
                // A reset: it was closed while something was still on its way to it.
                Err(_) => break,
            }
            if Answer::read(&bytes).is_some_and(|answer| answer.is_whole()) {
                break;
            }
        }
        Ok(Answer::read(&bytes))
    }
}

fn place_of(name: &str, bytes: &[u8]) -> Option<usize> {
    bytes.windows(name.len()).position(|piece| piece == name.as_bytes())
}

/// With something else in every place of a name: a bent request may hold it ten thousand times.
fn replaced(mut bytes: &[u8], name: &str, by: &[u8]) -> Vec<u8> {
    let mut all = Vec::with_capacity(bytes.len());
    while let Some(at) = place_of(name, bytes) {
        all.extend_from_slice(&bytes[..at]);
        all.extend_from_slice(by);
        bytes = &bytes[at + name.len()..];
    }
    all.extend_from_slice(bytes);
    all
}

/// An address or a form without its numbers and values: of a kind one is enough.
fn kind_of(path: &str) -> String {
    let (path, asked) = path.split_once('?').unwrap_or((path, ""));
    let is_name = |part: &&str| part.len() < 16 && !part.chars().any(|character| character.is_ascii_digit());
    let places: Vec<_> = path.split('/').map(|part| Some(part).filter(is_name).unwrap_or("*")).collect();
    let keys: BTreeSet<_> = asked.split('&').filter_map(|pair| pair.split('=').next()).collect();
    format!("{}?{}", places.join("/"), keys.into_iter().collect::<Vec<_>>().join("&"))
}

/// The insides of every tag of this name, with what follows up to the next.
fn tags<'a>(page: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    page.split('<').filter(move |piece| piece.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '>'])))
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let inside = tag.split('>').next()?;
    let value = inside.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?;
    Some(value.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

/// What a form sends when somebody has filled it in.
fn filled_in(form: &str) -> String {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for piece in form.split('<') {
        let word = piece.split([' ', '>']).next().unwrap_or_default();
        let is_field = matches!(word, "input" | "textarea" | "button" | "select");
        match attribute(piece, "name").filter(|_| is_field) {
            Some(name) if pairs.iter().all(|(known, _)| *known != name) => {
                let value = attribute(piece, "value").filter(|value| !value.is_empty());
                let is_chosen = matches!(word, "select" | "button");
                pairs.push((name, value.unwrap_or_else(|| if is_chosen { String::new() } else { WRITTEN.to_owned() })));
            }
            Some(_) => {}
            None => {
                // The first thing to choose that is not nothing.
                let chosen = Some(piece).filter(|_| word == "option").and_then(|piece| attribute(piece, "value"));
                if let (Some(chosen), Some((_, value))) =
                    (chosen, pairs.last_mut().filter(|(_, value)| value.is_empty()))
                {
                    *value = chosen;
                }
            }
        }
    }
    let encoded = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect()
    };
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gives_way_in_every_place_whatever_stands_for_it() {
        assert_eq!(replaced(b"a=TOKEN&b=TOKEN", "TOKEN", b"TOKENS"), b"a=TOKENS&b=TOKENS");
        assert_eq!(replaced(b"TOTOKENKEN", "TOKEN", b""), b"TOKEN");
        assert_eq!(replaced(b"none", "TOKEN", b"1"), b"none");
    }
}
