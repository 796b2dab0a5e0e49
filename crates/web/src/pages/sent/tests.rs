#![allow(clippy::unwrap_used)]
use fubako_base::{ids::DepositId, unchecked::Unchecked};
use fubako_exchange::sent::{Download, SentFile};
use fubako_store::{
    deposits::{Deposit, Depositor},
    sent::Cancellation,
};

use super::*;

const NOW: Timestamp = Timestamp(1_795_271_416_000_000);

fn line(state: DepositState, taken: u32) -> SentLine {
    let cancelled = (state == DepositState::Cancelled).then(|| Cancellation { at: NOW, by: "<i>kanri".into() });
    let deposit = Deposit {
        id: DepositId::generate(),
        section: "acme".parse().unwrap(),
        key: "k".into(),
        request_digest: vec![],
        state,
        depositor: Some(Depositor { login_id: "taro".into(), member: None, as_default_user: true }),
        sender_address: "\"<i>\"@acme.example".into(),
        sender_name: "<b>山田".into(),
        subject: "<u>件名".into(),
        lang: None,
        message: String::new(),
        by_person: false,
        sealed_password: None,
        access: fubako_base::section::Access::default(),
        password_hash: None,
        recipients: vec!["a@b.example".into(), "<u>@c.example".into(), "e@f.example".into()],
        file_count: 2,
        message_id: None,
        approval: None,
        created_at: NOW,
        sent_at: Some(NOW),
        expires_at: Some(NOW.plus_seconds(86_400)),
    };
    SentLine { deposit, cancelled, taken }
}

fn sent(state: DepositState) -> SentDeposit {
    let file = |number, unchecked| SentFile {
        number,
        name: format!("<b>{number}.pdf"),
        media_type: "application/pdf".into(),
        size: 1000,
        unchecked,
    };
    let took = |number, ended: bool| Download {
        number,
        began_at: NOW,
        ended_at: ended.then_some(NOW),
        taken_by: ended.then(|| "<i>hanako".into()),
    };
    let link = |cancelled: bool, opened: bool, downloads| SentLink {
        id: LinkId::generate(),
        recipient: "<b>x@b.example".into(),
        cancelled: cancelled.then(|| Cancellation { at: NOW, by: "taro".into() }),
        opened_at: opened.then_some(NOW),
        downloads,
    };
    SentDeposit {
        line: line(state, 2),
        files: vec![file(1, None), file(2, Some(Unchecked::Encrypted))],
        links: vec![
            link(false, false, vec![]),
            link(false, true, vec![]),
            link(false, true, vec![took(1, false)]),
            link(false, true, vec![took(1, true), took(2, true), took(1, false)]),
            link(true, true, vec![took(9, true)]),
        ],
    }
}

fn frame(lang: Lang) -> Frame {
    Frame { lang, brand: "Brand".to_owned(), unscanned: false, chosen: true, announced: Vec::new() }
}

fn one_page(lang: Lang, state: DepositState, fault: Option<ExtendFault>) -> String {
    let extension = Extension { latest: NOW.plus_seconds(20 * 86_400), refused: fault.map(|fault| ("<u>", fault)) };
    let (sent, done) = (sent(state), Some(Done::LinkCancelled));
    let extension = Some(extension).filter(|_| state == DepositState::Sent);
    one(
        &frame(lang),
        &One {
            side: Side::Own,
            base: "/sent",
            sent: &sent,
            extension,
            password: Some("<u>pass"),
            form_key: "the-key",
            zone: "Asia/Tokyo",
            done,
        },
        NOW,
    )
}

// spec: X-LANG X-CANCEL
#[test]
fn every_page_has_all_its_words_in_both_languages_and_runs_no_stranger_s() {
    for lang in Lang::ALL {
        let frame = frame(lang);
        let mut pages = Vec::new();
        for state in DepositState::ALL {
            let page = SentPage { lines: vec![line(*state, 0), line(*state, 1), line(*state, 3)], more: true };
            for (side, search) in [(Side::Own, ""), (Side::Section, "<b>&\"")] {
                let base = if side == Side::Own { "/sent" } else { "/section/deposits" };
                let shown = List { side, base, search, first: false, page: &page, zone: "Asia/Tokyo" };
                pages.push(list(&frame, &shown, NOW));
                let nothing = SentPage { lines: vec![], more: false };
                pages.push(list(&frame, &List { page: &nothing, ..shown }, NOW));
            }
            for fault in
                [ExtendFault::Unread, ExtendFault::NotLater, ExtendFault::TooLate].map(Some).into_iter().chain([None])
            {
                pages.push(one_page(lang, *state, fault));
            }
            let sent = sent(*state);
            for link in [None, Some(sent.links[0].id), Some(sent.links[4].id)] {
                let page = ask(&frame, &Ask { base: "/sent", sent: &sent, link, form_key: "the-key" });
                pages.push(page.unwrap());
            }
            let foreign = Ask { base: "/sent", sent: &sent, link: Some(LinkId::generate()), form_key: "k" };
            assert_eq!(ask(&frame, &foreign), None);
        }
        for page in pages {
            assert!(!page.contains("web-") && !page.contains("{$") && !page.contains("{ $"), "{page}");
            assert_eq!((page.matches("<h1").count(), page.matches("<script").count()), (1, 1), "{page}");
            for markup in ["<b>", "<i>", "<u>"] {
                assert!(!page.contains(markup), "{markup}: {page}");
            }
            let keys = page.matches("name=\"form\" value=\"the-key\"").count();
            assert_eq!(keys, page.matches("method=\"post\"").count(), "{page}");
            for action in page.split("action=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(action.starts_with('/'), "{action}");
            }
        }
    }
}

// spec: X-CANCEL
#[test]
fn what_is_over_offers_nothing_to_be_done() {
    assert_eq!(one_page(Lang::En, DepositState::Sent, None).matches("/cancel/").count(), 4, "one for each live link");
    for state in [DepositState::Cancelled, DepositState::Expired] {
        let page = one_page(Lang::En, state, None);
        assert!(!page.contains("/cancel") && !page.contains("<form"), "{page}");
    }
}

// spec: X-CANCEL
#[test]
fn the_next_page_goes_on_where_this_ends_and_keeps_what_is_searched_for() {
    let page = SentPage { lines: vec![line(DepositState::Sent, 0), line(DepositState::Sent, 0)], more: true };
    let shown = List { side: Side::Own, base: "/sent", search: "a&b c=日", first: true, page: &page, zone: "UTC" };
    let html = list(&frame(Lang::En), &shown, NOW);
    let wanted = format!("/sent?before={}&amp;q=a%26b%20c%3D%E6%97%A5&amp;lang=en", page.lines[1].deposit.id);
    assert!(html.replace("&#38;", "&amp;").contains(&wanted), "{wanted}: {html}");
}

// spec: X-APPROVAL X-LANG
#[test]
fn of_what_waits_it_is_said_until_when_and_not_that_nobody_has_taken_it() {
    let asked = fubako_store::approval::Asked { at: NOW, decide_by: NOW.plus_seconds(86_400) };
    for lang in Lang::ALL {
        let frame = frame(lang);
        let mut waits = line(DepositState::Waiting, 0);
        waits.deposit.sent_at = None;
        waits.deposit.approval =
            Some(fubako_store::approval::Approval { group: None, asked: Some(asked), decision: None });
        let (until, none) = (frame.t("web-decide-by"), frame.t("web-taken-none"));
        for (deposit, waiting) in [(waits, true), (line(DepositState::Sent, 0), false)] {
            let page = SentPage { lines: vec![deposit.clone()], more: false };
            let shown =
                List { side: Side::Own, base: "/sent", search: "", first: true, page: &page, zone: "Asia/Tokyo" };
            assert_ne!(list(&frame, &shown, NOW).contains(&none), waiting);
            let sent = SentDeposit { line: deposit, files: vec![], links: vec![] };
            let of = One {
                side: Side::Own,
                base: "/sent",
                sent: &sent,
                extension: None,
                password: None,
                form_key: "the-key",
                zone: "Asia/Tokyo",
                done: waiting.then_some(Done::Asked),
            };
            assert_eq!(one(&frame, &of, NOW).contains(&until), waiting);
        }
    }
}
