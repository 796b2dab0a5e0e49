//! A section's policies and its mail link.

use fubako_base::{
    ids::SectionId,
    section::{Section, Settings},
};
use fubako_exchange::{
    domain::{
        policies::{Part, of_part, read},
        preview::previews,
    },
    policies::Policies,
};
use fubako_web::pages::{
    Frame,
    account::Done,
    mail_link::{Check, MailLinkPage, mail_link},
    policies::{self, Overview, PartForm},
};

use crate::SENT;

/// The pages, each with a name for its file.
pub(crate) fn pages(frame: &Frame) -> Vec<(&'static str, String)> {
    let settings = Settings {
        notice_wording: Some(
            "弊社では添付ファイルを文箱でお預かりしています。\nお問い合わせ: 総務部 <soumu@sakura-kogyo.example.jp>"
                .to_owned(),
        ),
        forbidden_names: vec!["*.exe".to_owned(), "*.scr".to_owned()],
        denied_destinations: vec![
            "rival.example.com".to_owned(),
            "*.a-very-long-domain-name-of-a-company.example.jp".to_owned(),
        ],
        ..Settings::default()
    };
    let domains = vec!["sakura-kogyo.example.jp".to_owned(), "sakura.example".to_owned()];
    let section = Section {
        id: SectionId::installation(),
        name: "さくら工業株式会社".to_owned(),
        enabled: true,
        mail_link: true,
        autopilot: false,
        domains,
        settings,
    };
    let all = Policies {
        section: section.clone(),
        unapproved: vec!["営業部".to_owned()],
        mail_link_group: Some("営業部".to_owned()),
        default_user: None,
    };
    let form = |part: Part, more: &[(&'static str, &str)], stale, previewing| {
        let is = of_part(&section.settings, part);
        let mut entered = is.clone();
        for (name, text) in more {
            entered.iter_mut().filter(|(field, _)| field == name).for_each(|field| field.1 = (*text).to_owned());
        }
        let read = read(&section.settings, part, &entered);
        let previews = match (&read, part) {
            (Ok(settings), Part::Notice) => previews(settings, &frame.brand, SENT),
            _ => Vec::new(),
        };
        let found = read.err().unwrap_or_default();
        let form = PartForm {
            part,
            entered: &entered,
            is: &is,
            found: &found,
            stale,
            previewing,
            previews: &previews,
            seen: None,
            form_key: "k",
        };
        policies::part(frame, &form)
    };
    let wrong =
        &[("access", ""), ("keep_days", "いつまでも"), ("denied_destinations", "rival example"), ("max_tries", "2")];
    vec![
        ("policies", policies::overview(frame, &Overview { policies: &all, done: Some(Done::PoliciesChanged) })),
        ("mail-link", mail_link(frame, &MailLinkPage { policies: &all, check: &Check::NotAsked, form_key: "k" })),
        ("policy-recipients", form(Part::Recipients, &[], false, false)),
        ("policy-recipients-wrong", form(Part::Recipients, wrong, false, false)),
        ("policy-files", form(Part::Files, &[], false, false)),
        ("policy-files-stale", form(Part::Files, &[("max_files", "5"), ("names", "all")], true, false)),
        ("policy-approval", form(Part::Approval, &[], false, false)),
        ("policy-people", form(Part::People, &[], false, false)),
        ("policy-notice", form(Part::Notice, &[], false, false)),
        ("policy-notice-preview", form(Part::Notice, &[("language", "both"), ("notice_position", "top")], false, true)),
    ]
}
