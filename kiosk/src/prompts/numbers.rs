//! How numbers, days and ticket numbers are said: which recordings of single words, one after the other.

use crate::settings::Language;

/// Longer rows of digits are no quantities but numbers that somebody notes down: they are said digit by digit.
const QUANTITY_DIGITS_MAX: usize = 4;

/// The recordings that say a value as screens write it: `3`, `0412 018376`, `138 0013 8000`, `11月22日`, `2026-11-22`.
/// `None` for anything else: words.
pub fn recordings(value: &str, language: Language) -> Option<Vec<String>> {
    if let Some(day) = Day::parse(value) {
        return Some(day.recordings(language));
    }
    let digits: String = value.chars().filter(|character| !matches!(character, ' ' | '-')).collect();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if digits.len() != value.len() || digits.len() > QUANTITY_DIGITS_MAX {
        return Some(one_by_one(&digits));
    }
    Some(quantity(digits.parse().ok()?, language))
}

fn word(number: u32) -> String {
    format!("number-{number}")
}

fn one_by_one(digits: &str) -> Vec<String> {
    digits.chars().filter_map(|digit| digit.to_digit(10)).map(word).collect()
}

/// A quantity below ten thousand.
fn quantity(number: u32, language: Language) -> Vec<String> {
    match language {
        Language::Chinese => chinese(number),
        Language::English => english(number),
    }
}

/// 十二, 二十, 一百零五, 三千零一十
fn chinese(number: u32) -> Vec<String> {
    if number == 0 {
        return vec![word(0)];
    }
    let mut words = Vec::new();
    let mut is_gap = false;
    for unit in [1_000, 100, 10, 1] {
        let digit = number / unit % 10;
        if digit == 0 {
            is_gap = !words.is_empty();
            continue;
        }
        if std::mem::take(&mut is_gap) {
            words.push(word(0));
        }
        // Twelve is 十二 and not 一十二, where nothing stands before it.
        if !(unit == 10 && digit == 1 && words.is_empty()) {
            words.push(word(digit));
        }
        if unit > 1 {
            words.push(word(unit));
        }
    }
    words
}

/// "one thousand two hundred thirty four"
fn english(number: u32) -> Vec<String> {
    let mut words = Vec::new();
    for unit in [1_000, 100] {
        let digit = number / unit % 10;
        if digit > 0 {
            words.extend([word(digit), word(unit)]);
        }
    }
    match number % 100 {
        0 if !words.is_empty() => {}
        rest @ 0..20 => words.push(word(rest)),
        rest => {
            words.push(word(rest / 10 * 10));
            if !rest.is_multiple_of(10) {
                words.push(word(rest % 10));
            }
        }
    }
    words
}

/// A day of some year, or of this one.
struct Day<'a> {
    year: Option<&'a str>,
    month: u32,
    day: u32,
}

impl<'a> Day<'a> {
    fn parse(value: &'a str) -> Option<Self> {
        let (year, month, day) = match value.strip_suffix('日') {
            Some(rest) => {
                let (before, day) = rest.split_once('月')?;
                let (year, month) = before.split_once('年').map_or((None, before), |(year, month)| (Some(year), month));
                (year, month, day)
            }
            None => {
                let (year, rest) = value.split_once('-')?;
                let (month, day) = rest.split_once('-')?;
                (Some(year), month, day)
            }
        };
        let is_year = |year: &str| year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
        let (month, day) = (month.parse().ok()?, day.parse().ok()?);
        let is_day = year.is_none_or(is_year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        is_day.then_some(Self { year, month, day })
    }

    fn recordings(self, language: Language) -> Vec<String> {
        match language {
            Language::Chinese => {
                let year = self.year.map(|year| [one_by_one(year), vec!["date-year".to_owned()]].concat());
                let month = [chinese(self.month), vec!["date-month".to_owned()]].concat();
                let day = [chinese(self.day), vec!["date-day".to_owned()]].concat();
                [year.unwrap_or_default(), month, day].concat()
            }
            // "November twenty two, two zero two six": understood, and free of ordinals.
            Language::English => {
                let month = vec![format!("month-{}", self.month)];
                [month, english(self.day), self.year.map(one_by_one).unwrap_or_default()].concat()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompts::script::Script;

    /// The words of a value, as the wording files write them.
    fn said(value: &str, language: Language) -> String {
        let script = Script::of(language);
        let words = recordings(value, language).unwrap_or_default();
        let space = if language == Language::Chinese { "" } else { " " };
        words.iter().map(|name| script.recordings()[name].clone()).collect::<Vec<_>>().join(space)
    }

    #[test]
    fn quantities_are_said_as_people_count() {
        let chinese = ["0", "2", "10", "12", "20", "105", "110", "1010", "2006", "9999"];
        let chinese = chinese.map(|number| said(number, Language::Chinese));
        assert_eq!(
            chinese,
            ["零", "二", "十", "十二", "二十", "一百零五", "一百一十", "一千零一十", "二千零六", "九千九百九十九"]
        );
        let english = ["0", "13", "20", "45", "100", "1234"].map(|number| said(number, Language::English));
        assert_eq!(
            english,
            ["zero", "thirteen", "twenty", "forty five", "one hundred", "one thousand two hundred thirty four"]
        );
    }

    #[test]
    fn what_is_noted_down_is_said_digit_by_digit() {
        assert_eq!(said("0412 018376", Language::Chinese), "零四一二零一八三七六");
        assert_eq!(said("13800138000", Language::English), "one three eight zero zero one three eight zero zero zero");
    }

    #[test]
    fn days_are_said_with_their_months() {
        assert_eq!(said("11月22日", Language::Chinese), "十一月二十二日");
        assert_eq!(said("2026-11-22", Language::Chinese), "二零二六年十一月二十二日");
        assert_eq!(said("2026年1月5日", Language::English), "January five two zero two six");
    }

    #[test]
    fn words_are_no_numbers() {
        for words in ["石桥村", "", "-", "3%", "13月5日", "去年1月5日", "十二"] {
            assert_eq!(recordings(words, Language::Chinese), None, "{words}");
        }
    }
}
