//! Languages and texts (spec X-LANG): every sentence a person reads stands in `lang/ja/*.ftl` and `lang/en/*.ftl`.
//!
//! One file a room: `audit` (what the audit log records), `check` (the set-up check), `codes`, `mail` (notice in a relayed mail), `notices` (mails of our own), `operator` (the operator's screens),
//! `web` (pages).

use std::{borrow::Cow, fmt, str::FromStr, sync::LazyLock};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use serde::{Deserialize, Serialize};

/// A language that every screen, mail and notice has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Japanese, the first language of the product.
    #[default]
    Ja,
    /// English.
    En,
}

impl Lang {
    /// Both, in the order in which a page or mail that has both shows them.
    pub const ALL: [Self; 2] = [Self::Ja, Self::En];

    /// The language tag (BCP 47).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
        }
    }

    /// The language that an `Accept-Language` header prefers; Japanese where it names neither.
    #[must_use]
    pub fn from_accept_language(header: &str) -> Self {
        let mut best = (Self::Ja, 0f32);
        for range in header.split(',').take(32) {
            let mut parts = range.trim().split(';');
            let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let weight = parts
                .find_map(|p| p.trim().strip_prefix("q="))
                .map_or(Some(1.0f32), |q| q.trim().parse().ok())
                .filter(|q| (0.0..=1.0).contains(q))
                .unwrap_or(0.0);
            let lang = match tag.split('-').next() {
                Some("ja") => Self::Ja,
                Some("en") => Self::En,
                _ => continue,
            };
            if weight > best.1 {
                best = (lang, weight);
            }
        }
        best.0
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// Not one of our languages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the language must be \"ja\" or \"en\"")]
pub struct UnknownLang;

impl FromStr for Lang {
    type Err = UnknownLang;
    fn from_str(text: &str) -> Result<Self, UnknownLang> {
        match text {
            "ja" => Ok(Self::Ja),
            "en" => Ok(Self::En),
            _ => Err(UnknownLang),
        }
    }
}

const SOURCES: [(Lang, &[&str]); 2] = [
    (
        Lang::Ja,
        &[
            include_str!("../lang/ja/api.ftl"),
            include_str!("../lang/ja/audit.ftl"),
            include_str!("../lang/ja/check.ftl"),
            include_str!("../lang/ja/codes.ftl"),
            include_str!("../lang/ja/mail.ftl"),
            include_str!("../lang/ja/members.ftl"),
            include_str!("../lang/ja/notices.ftl"),
            include_str!("../lang/ja/operator.ftl"),
            include_str!("../lang/ja/policies.ftl"),
            include_str!("../lang/ja/sections.ftl"),
            include_str!("../lang/ja/usage.ftl"),
            include_str!("../lang/ja/web.ftl"),
        ],
    ),
    (
        Lang::En,
        &[
            include_str!("../lang/en/api.ftl"),
            include_str!("../lang/en/audit.ftl"),
            include_str!("../lang/en/check.ftl"),
            include_str!("../lang/en/codes.ftl"),
            include_str!("../lang/en/mail.ftl"),
            include_str!("../lang/en/members.ftl"),
            include_str!("../lang/en/notices.ftl"),
            include_str!("../lang/en/operator.ftl"),
            include_str!("../lang/en/policies.ftl"),
            include_str!("../lang/en/sections.ftl"),
            include_str!("../lang/en/usage.ftl"),
            include_str!("../lang/en/web.ftl"),
        ],
    ),
];

static BUNDLES: LazyLock<[FluentBundle<FluentResource>; 2]> = LazyLock::new(|| {
    SOURCES.map(|(lang, sources)| {
        let id: unic_langid::LanguageIdentifier = lang.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        // No invisible direction marks round inserted values: the texts go into plain-text mails too.
        bundle.set_use_isolating(false);
        for source in sources {
            // A source with a mistake keeps its good entries; the test below fails on any mistake.
            let resource = FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(good, _)| good);
            bundle.add_resource_overriding(resource);
        }
        bundle
    })
});

fn bundle(lang: Lang) -> &'static FluentBundle<FluentResource> {
    let [ja, en] = &*BUNDLES;
    match lang {
        Lang::Ja => ja,
        Lang::En => en,
    }
}

/// Whether the language has a text with this id.
#[must_use]
pub fn has_text(lang: Lang, id: &str) -> bool {
    bundle(lang).get_message(id).is_some_and(|message| message.value().is_some())
}

/// A value put into a text: words or a number.
pub type Value<'a> = FluentValue<'a>;

/// The text `id` in `lang` with its `$name` places filled. Values are put in as they are: escaping is the work of
/// whoever writes HTML. An id that is missing gives the id itself, so that a page is never empty; the tests of the
/// rooms that use a text look it up.
///
/// ```
/// # use fubako_base::lang::{text, Lang};
/// assert_eq!(text(Lang::En, "no-such-text", &[]), "no-such-text");
/// ```
#[must_use]
pub fn text(lang: Lang, id: &str, values: &[(&str, Value<'_>)]) -> String {
    let bundle = bundle(lang);
    let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else {
        return id.to_owned();
    };
    let mut arguments = FluentArgs::with_capacity(values.len());
    for (name, value) in values {
        arguments.set(Cow::Borrowed(*name), value.clone());
    }
    let mut problems = Vec::new();
    bundle.format_pattern(pattern, Some(&arguments), &mut problems).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Every text's id with the places it fills, as the parser sees them.
    fn entries(sources: &[&str]) -> BTreeMap<String, Vec<String>> {
        let mut found = BTreeMap::new();
        for source in sources {
            let resource = FluentResource::try_new((*source).to_owned()).expect("a text file has a mistake");
            drop(resource);
            let mut id = String::new();
            for line in source.lines() {
                if let Some((name, _)) =
                    line.split_once(" =").filter(|(n, _)| n.starts_with(|c: char| c.is_ascii_lowercase()))
                {
                    id = name.to_owned();
                    assert!(found.insert(id.clone(), Vec::new()).is_none(), "{id} stands twice");
                }
                for place in line.split("{ $").skip(1) {
                    let name: String = place.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
                    let places: &mut Vec<String> = found.get_mut(&id).expect("a place before any id");
                    if !places.contains(&name) {
                        places.push(name);
                        places.sort();
                    }
                }
            }
        }
        found
    }

    // spec: X-LANG
    #[test]
    fn both_languages_have_the_same_texts_with_the_same_places() {
        let [(_, ja), (_, en)] = SOURCES;
        assert_eq!(entries(ja), entries(en));
    }

    #[test]
    fn the_reader_prefers_what_the_browser_says() {
        assert_eq!(Lang::from_accept_language("en-US,en;q=0.9,ja;q=0.8"), Lang::En);
        assert_eq!(Lang::from_accept_language("fr, ja;q=0.3, en;q=0.2"), Lang::Ja);
        assert_eq!(Lang::from_accept_language(""), Lang::Ja);
        assert_eq!(Lang::from_accept_language("en;q=0, ja;q=0.1"), Lang::Ja);
    }
}
