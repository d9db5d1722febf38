//! How pages look: Chinese with English beside it, one head for all, files instead of inline code.

use civic_core::wording::Both;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// A whole page: `style` and `scripts` are addresses of files.
pub fn whole(title: &Both, style: &str, scripts: &[&str], body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="zh-CN" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (visible(&title.zh)) " · " (visible(&title.en)) }
                link rel="stylesheet" href="/font.css";
                link rel="stylesheet" href=(style);
                @for script in scripts { script src=(script) defer {} }
            }
            body { (body) }
        }
    }
}

/// A sentence in Chinese with its English beside it. What people wrote may stand in the middle of one.
pub fn both(both: &Both) -> Markup {
    html! { span.zh { (spoken(&both.zh)) } " " span.en lang="en" { (spoken(&both.en)) } }
}

/// Text that people wrote: shown as text, with characters that could turn or hide it made visible.
pub fn spoken(text: &str) -> Markup {
    html! { (PreEscaped(escape(&visible(text)))) }
}

/// The same text, with what could turn or hide it made visible; for files that people open elsewhere.
pub fn visible(text: &str) -> String {
    text.chars().map(|character| if is_trick(character) { '␣' } else { character }).collect()
}

/// Text as people mean it: browsers send line ends as two characters.
pub fn typed(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Control characters, and marks that reverse, hide or break text; line ends stay.
fn is_trick(character: char) -> bool {
    matches!(character, '\u{0}'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("<br>"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_cannot_become_markup_or_turn_the_line() {
        let shown = spoken("<script>alert(1)</script>\n\u{202e}反").into_string();
        assert_eq!(shown, "&lt;script&gt;alert(1)&lt;/script&gt;<br>␣反");
    }
}
