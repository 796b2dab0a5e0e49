//! What the operator tells everybody, in both languages and for a time (spec X-OPERATOR). Pure.

use fubako_base::{Lang, Timestamp, shown::visible};
use fubako_store::announcements::{Announcement, Content, Words};

/// Characters that a subject has at most.
pub const LONGEST_SUBJECT: usize = 100;
/// Characters that a text has at most.
pub const LONGEST_TEXT: usize = 2_000;
/// Days for which one is shown at most.
pub const LONGEST_DAYS: i64 = 366;
/// Days before its begin that one may be made.
pub const EARLIEST_DAYS: i64 = 366;
/// Days for which one that is over is kept.
pub const KEPT_DAYS: i64 = 366;

/// What an operator entered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entered {
    /// The Japanese words.
    pub ja: Words,
    /// The English ones.
    pub en: Words,
    /// From when until when; none where a time is missing or cannot be read.
    pub times: Option<(Timestamp, Timestamp)>,
    /// Whether it is to be mailed.
    pub mailed: bool,
}

/// Why an announcement is not taken as it was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnnouncementFault {
    /// There is no subject in this language.
    NoSubject(Lang),
    /// The subject is longer than [`LONGEST_SUBJECT`].
    LongSubject(Lang),
    /// There is no text in this language.
    NoText(Lang),
    /// The text is longer than [`LONGEST_TEXT`].
    LongText(Lang),
    /// A time is missing or cannot be read.
    Unread,
    /// It does not end after it begins.
    Empty,
    /// It would be over.
    Over,
    /// It would be shown for longer than [`LONGEST_DAYS`].
    TooLong,
    /// It would begin after more than [`EARLIEST_DAYS`].
    TooFar,
}

/// Checks what was entered, as a new announcement or in place of what one says; gives all that is wrong with it. A begin that has passed is now, or where the
/// announcement had begun, as it was.
///
/// # Errors
/// [`AnnouncementFault`]s, at least one.
pub fn check_announcement(
    entered: &Entered,
    before: Option<&Announcement>,
    now: Timestamp,
) -> Result<Content, Vec<AnnouncementFault>> {
    let (ja, en) = (tidied(&entered.ja), tidied(&entered.en));
    let mut faults = faults_of(&ja, Lang::Ja);
    faults.extend(faults_of(&en, Lang::En));
    let begun = before.map(|before| before.content.starts_at).filter(|begun| *begun <= now);
    match check_times(entered.times, begun, now) {
        Ok((starts_at, ends_at)) if faults.is_empty() => {
            Ok(Content { ja, en, starts_at, ends_at, mailed: entered.mailed })
        }
        times => {
            faults.extend(times.err());
            Err(faults)
        }
    }
}

fn check_times(
    times: Option<(Timestamp, Timestamp)>,
    begun: Option<Timestamp>,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), AnnouncementFault> {
    let (starts_at, ends_at) = times.ok_or(AnnouncementFault::Unread)?;
    if ends_at <= now {
        return Err(AnnouncementFault::Over);
    }
    if ends_at <= starts_at {
        return Err(AnnouncementFault::Empty);
    }
    let starts_at = if starts_at <= now { begun.unwrap_or(now) } else { starts_at };
    if ends_at > starts_at.plus_seconds(LONGEST_DAYS * 86_400) {
        return Err(AnnouncementFault::TooLong);
    }
    if starts_at > now.plus_seconds(EARLIEST_DAYS * 86_400) {
        return Err(AnnouncementFault::TooFar);
    }
    Ok((starts_at, ends_at))
}

/// Nothing that is not seen stays, but the text's lines do.
fn tidied(words: &Words) -> Words {
    let lines: Vec<String> = words.text.trim().lines().map(visible).collect();
    Words { subject: visible(&words.subject), text: lines.join("\n") }
}

fn faults_of(words: &Words, lang: Lang) -> Vec<AnnouncementFault> {
    let one = |text: &str, longest: usize, none, long| match text.chars().count() {
        0 => Some(none),
        count if count > longest => Some(long),
        _ => None,
    };
    let (subject, text) = (&words.subject, &words.text);
    let subject =
        one(subject, LONGEST_SUBJECT, AnnouncementFault::NoSubject(lang), AnnouncementFault::LongSubject(lang));
    let text = one(text, LONGEST_TEXT, AnnouncementFault::NoText(lang), AnnouncementFault::LongText(lang));
    subject.into_iter().chain(text).collect()
}

/// The words in a language.
#[must_use]
pub const fn words(content: &Content, lang: Lang) -> &Words {
    match lang {
        Lang::Ja => &content.ja,
        Lang::En => &content.en,
    }
}

/// How an announcement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is yet to begin.
    Coming,
    /// It is shown.
    Shown,
    /// It is over: nothing of it is changed any more.
    Over,
}

/// How it stands at this time.
#[must_use]
pub fn standing(content: &Content, now: Timestamp) -> Standing {
    if content.ends_at <= now {
        Standing::Over
    } else if content.starts_at > now {
        Standing::Coming
    } else {
        Standing::Shown
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fubako_base::ids::AnnouncementId;

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_271_416_000_000);
    const DAY: i64 = 86_400;

    fn at(seconds: i64) -> Timestamp {
        NOW.plus_seconds(seconds)
    }

    fn words_of(subject: &str, text: &str) -> Words {
        Words { subject: subject.to_owned(), text: text.to_owned() }
    }

    fn entered(starts: i64, ends: i64) -> Entered {
        Entered {
            ja: words_of("件名", "本文"),
            en: words_of("Subject", "Text"),
            times: Some((at(starts), at(ends))),
            mailed: true,
        }
    }

    // spec: X-OPERATOR
    #[test]
    fn an_announcement_must_lie_ahead_and_one_that_has_begun_keeps_its_begin() {
        use AnnouncementFault::{Empty, Over, TooFar, TooLong};
        let longest = LONGEST_DAYS * DAY;
        for (begun, starts, ends, wanted) in [
            (None, 0, 1, Ok((0, 1))),
            (None, 60, 120, Ok((60, 120))),
            (None, -60, 60, Ok((0, 60))),
            (None, 60, 60, Err(Empty)),
            (None, 60, 30, Err(Empty)),
            (None, -60, 0, Err(Over)),
            (None, 60, 0, Err(Over)),
            (None, 0, longest, Ok((0, longest))),
            (None, 0, longest + 1, Err(TooLong)),
            (None, EARLIEST_DAYS * DAY, longest + 1, Ok((EARLIEST_DAYS * DAY, longest + 1))),
            (None, EARLIEST_DAYS * DAY + 1, longest + 2, Err(TooFar)),
            // One that is shown: its begin stays unless it is put off; one that is to come begins now.
            (Some(-3600), -60, 60, Ok((-3600, 60))),
            (Some(-3600), -9999, 60, Ok((-3600, 60))),
            (Some(-3600), 30, 60, Ok((30, 60))),
            (Some(-DAY), -60, longest, Err(TooLong)),
            (Some(3600), -60, 60, Ok((0, 60))),
        ] {
            let before = begun.map(|begun| {
                let content = check_announcement(&entered(0, 1), None, NOW).unwrap();
                let content = Content { starts_at: at(begun), ..content };
                Announcement { id: AnnouncementId::generate(), version: 1, content, made_by: "root".into(), mails: 0 }
            });
            let found = check_announcement(&entered(starts, ends), before.as_ref(), NOW);
            let found = found.map(|content| (content.starts_at, content.ends_at));
            assert_eq!(
                found,
                wanted.map(|(a, b)| (at(a), at(b))).map_err(|fault| vec![fault]),
                "{begun:?} {starts} {ends}"
            );
        }
    }

    // spec: X-OPERATOR X-LANG
    #[test]
    fn both_languages_are_wanted_and_all_faults_told_at_once() {
        use AnnouncementFault::{LongSubject, LongText, NoSubject, NoText, Unread};
        let good = check_announcement(&entered(0, 1), None, NOW).unwrap();
        assert_eq!((words(&good, Lang::Ja).subject.as_str(), words(&good, Lang::En).text.as_str()), ("件名", "Text"));
        let empty = Entered { ja: words_of(" \u{3000}", "\r\n \t"), en: Words::default(), times: None, mailed: false };
        let all = vec![NoSubject(Lang::Ja), NoText(Lang::Ja), NoSubject(Lang::En), NoText(Lang::En), Unread];
        assert_eq!(check_announcement(&empty, None, NOW), Err(all));
        let longest = words_of(&"あ".repeat(LONGEST_SUBJECT), &"あ".repeat(LONGEST_TEXT));
        assert!(check_announcement(&Entered { ja: longest, ..entered(0, 1) }, None, NOW).is_ok());
        let long = words_of(&"a".repeat(LONGEST_SUBJECT + 1), &"a".repeat(LONGEST_TEXT + 1));
        let found = check_announcement(&Entered { en: long, ..entered(0, 1) }, None, NOW);
        assert_eq!(found, Err(vec![LongSubject(Lang::En), LongText(Lang::En)]));
    }

    // spec: X-OPERATOR
    #[test]
    fn lines_stay_and_what_is_not_seen_is_made_visible() {
        let ja = words_of(" 障害の\r\nお知らせ\u{202e} ", "一行目\r\n\r\n  三行目\u{200b}\n");
        let found = check_announcement(&Entered { ja, ..entered(0, 1) }, None, NOW).unwrap();
        assert_eq!(found.ja, words_of("障害の お知らせ[U+202E]", "一行目\n\n三行目[U+200B]"));
    }

    // spec: X-OPERATOR
    #[test]
    fn it_is_shown_from_its_begin_until_before_its_end() {
        let content = check_announcement(&entered(10, 20), None, NOW).unwrap();
        for (seconds, wanted) in
            [(9, Standing::Coming), (10, Standing::Shown), (19, Standing::Shown), (20, Standing::Over)]
        {
            assert_eq!(standing(&content, at(seconds)), wanted, "{seconds}");
        }
    }
}
