//! Long words in sentences: each is heard while the next is being made, and can be hushed before it.

use hardware::sound::reader::CHARACTERS_MAX;

/// Where a breath is taken.
const ENDS: [char; 9] = ['。', '！', '？', '；', '!', '?', ';', '\n', '…'];

/// These words sentence by sentence; what has no end is cut at [`CHARACTERS_MAX`]. Nothing is lost but empty space.
pub fn sentences(words: &str) -> impl Iterator<Item = String> + '_ {
    let mut rest = words;
    let pieces = std::iter::from_fn(move || {
        let longest = rest.char_indices().nth(CHARACTERS_MAX).map_or(rest.len(), |(at, _)| at);
        let end =
            rest[..longest].find(ENDS).map_or(longest, |at| at + rest[at..].chars().next().map_or(0, char::len_utf8));
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then(|| piece.to_owned())
    });
    pieces.filter(|piece| piece.chars().any(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_sentence_by_sentence_and_whole() {
        let answer = "路灯已经换了。试过，都亮了！以后再坏\n请打电话";
        let said: Vec<_> = sentences(answer).collect();
        assert_eq!(said, ["路灯已经换了。", "试过，都亮了！", "以后再坏\n", "请打电话"]);
        let endless = "路".repeat(3 * CHARACTERS_MAX + 7);
        let said: Vec<_> = sentences(&endless).collect();
        assert_eq!((said.len(), said.concat()), (4, endless));
        assert_eq!(sentences("。！ ……").count(), 0);
    }
}
