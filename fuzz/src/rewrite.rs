//! The whole way: what leaves is read again and has no file in it, no defect, no bare CR or LF, and no line that is too
//! long; what stays of it is what was there (spec MAIL-REBUILD, MAIL-NONE, MAIL-AMBIGUOUS).

use fubako_base::{
    Lang,
    secret::FilePassword,
    section::{NoticePosition, Settings},
};
use fubako_mail::{
    Decision, Field, Outline, Plan,
    charset::decode_all,
    compose::{Rebuild, rebuild},
    message::OwnMail,
    newline::CrFixer,
    notice::Notice,
    outline::Flow,
    plan::plan,
    reader::Limits,
    relay::{self, Front},
    steps::{RewriteError, Step, write_all},
    transfer::Decoder,
};

use crate::{
    Dice, assert_lines,
    mail::{Read, decoded, normalised, place, read},
};

const RECEIVED: &str = "from a.example (192.0.2.1) by gw.example.jp with ESMTPS id 1; Sun, 22 Nov 2026 10:15:00 +0900";

const RESULTS: &str = "Authentication-Results: gw.example.jp;\r\n\tspf=none\r\n";

pub fn check(data: &[u8]) {
    let mut dice = Dice::of(data, 6);
    let mail = normalised(data);
    let first = read([&mail[..]], Limits::default());
    let rules = Settings::default();
    let recipients = ["d@e.example".to_owned()];
    let planned = plan(&first.outline).checked(&first.outline, &recipients, &rules);
    let again = plan(&first.outline).checked(&first.outline, &recipients, &rules);
    assert_eq!(format!("{planned:?}"), format!("{again:?}"), "the decision is not pure");
    let stopped = matches!(planned.decision, Decision::Stop | Decision::Hold);
    assert_eq!(stopped, !planned.problems.is_empty());
    match planned.decision {
        Decision::Relay if planned.leaves_as_it_came(&first.outline) => relayed(&mail, &first, &mut dice),
        Decision::Relay => rebuilt(&mail, &first, &planned, None, &mut dice),
        Decision::Deposit => deposited(&mail, &first, &planned, &mut dice),
        Decision::Stop | Decision::Hold => {}
    }
    own_mail(&first.outline, &planned);
}

/// Read again, nothing is found in it.
fn assert_clean(out: &[u8], mail: &[u8]) -> Read {
    let second = read([out], Limits::default());
    let said = || format!("{:?}\n--- out of:\n{:?}", String::from_utf8_lossy(out), String::from_utf8_lossy(mail));
    assert_eq!(second.outline.findings, [], "{}", said());
    let planned = plan(&second.outline);
    assert_eq!(planned.decision, Decision::Relay, "{}", said());
    assert!(planned.attachments.is_empty());
    second
}

fn relayed(mail: &[u8], first: &Read, dice: &mut Dice) {
    let may_pass = |field: &Field| !field.name().eq_ignore_ascii_case("X-Secret");
    let steps = || relay::unchanged(&first.outline, Front { results: RESULTS, received: RECEIVED }, &may_pass);
    let out = written(mail, &steps, dice).expect("copying does not fail");
    let mut before = 0;
    for octet in &out {
        assert!(*octet != b'\n' || before == b'\r', "a bare LF");
        assert!(before != b'\r' || *octet == b'\n', "a bare CR");
        before = *octet;
    }
    let second = assert_clean(&out, mail);
    for name in ["Bcc", "Return-Path", "X-Secret"] {
        assert!(second.outline.header.first(name).is_none(), "{name} is relayed");
    }
}

fn deposited(mail: &[u8], first: &Read, planned: &Plan, dice: &mut Dice) {
    for file in &planned.attachments {
        let octets = &mail[place(mail, &file.body)];
        let (mut unpacker, mut cut) = (file.unpacker(), Vec::new());
        dice.pieces(octets).into_iter().for_each(|piece| unpacker.push(piece, &mut cut));
        assert!(unpacker.finish(&mut cut).is_ok(), "the file is not whole");
        let shown = first.octets.get(&file.part);
        match file.packed.as_ref().and_then(|packed| packed.file()) {
            None => assert_eq!(Some(&cut), shown, "the file is not what was seen"),
            Some(packed) => assert_eq!(cut.len() as u64, packed.size()),
        }
    }
    let notice = notice(&first.outline, planned, dice);
    rebuilt(mail, first, planned, Some(&notice), dice);
}

fn rebuilt(mail: &[u8], first: &Read, planned: &Plan, notice: Option<&Notice>, dice: &mut Dice) {
    let with = Rebuild {
        notice,
        front: Front { results: RESULTS, received: RECEIVED },
        fallback_message_id: "fallback@gw.example.jp",
        fallback_date: "Sun, 22 Nov 2026 10:15:00 +0900",
        secret_header: Some("X-Secret"),
    };
    let mut planned = planned.clone();
    let out = match written(mail, &|| rebuild(&first.outline, &planned, &with), dice) {
        Err(unwritable) if unwritable.needs_veil => {
            planned.veil_bodies();
            let again = written(mail, &|| rebuild(&first.outline, &planned, &with), dice);
            assert!(!again.as_ref().is_err_and(|again| again.needs_veil), "it would be written for ever");
            again
        }
        written => written,
    };
    // What cannot be rewritten is held.
    let Ok(out) = out else { return };
    assert_lines(&out, 998);
    let second = assert_clean(&out, mail);
    assert!(second.outline.parts.iter().all(|part| {
        let known = ["text/plain", "text/html", "multipart/mixed", "multipart/alternative"];
        known.contains(&part.content_type.media_type()) && part.name.is_none() && part.content_ids.is_empty()
    }));
    for name in ["Bcc", "Return-Path", "X-Secret", "DKIM-Signature"] {
        assert!(second.outline.header.first(name).is_none(), "{name} is passed on");
    }
    assert_eq!(second.outline.header.all("From").count().min(1), second.outline.header.all("From").count());
    texts_stay(mail, &planned, &second);
}

/// Plain texts are there in full, in their order.
fn texts_stay(mail: &[u8], planned: &Plan, second: &Read) {
    let leaves: Vec<usize> =
        (0..second.outline.parts.len()).filter(|at| !second.outline.parts[*at].is_multipart).collect();
    if planned.bodies.is_empty() {
        return assert_eq!(leaves.len(), 1, "the notice alone");
    }
    assert_eq!(leaves.len(), planned.bodies.len());
    for (body, leaf) in planned.bodies.iter().zip(leaves) {
        assert_eq!(second.outline.parts[leaf].content_type.media_type(), body.media_type);
        if body.media_type != "text/plain" || body.flow != Flow::Fixed {
            continue;
        }
        let octets = decoded(Decoder::new(body.encoding), [&mail[place(mail, &body.body)]]);
        let text = body.given.as_deref().map_or_else(|| decode_all(body.charset.as_deref(), &octets), str::to_owned);
        let (mut fixer, mut fixed) = (CrFixer::new(), Vec::new());
        fixer.push(text.as_bytes(), &mut fixed);
        fixer.finish(&mut fixed);
        let shown = second.octets.iter().find(|(id, _)| id.0 as usize == leaf).map(|(_, octets)| octets.as_slice());
        let shown = std::str::from_utf8(shown.expect("a leaf is shown")).expect("UTF-8");
        let fixed = String::from_utf8(fixed).expect("UTF-8");
        // Where somebody could see a header in it, lines are indented and ended: its words stay.
        let words = |text: &str| text.chars().filter(|c| !body.veil || !c.is_ascii_whitespace()).collect::<String>();
        assert!(words(shown).contains(&words(&fixed)), "{fixed:?}\nis not in\n{shown:?}");
    }
}

/// Carries the steps out in pieces and whole.
fn written(mail: &[u8], steps: &dyn Fn() -> Vec<Step>, dice: &mut Dice) -> Result<Vec<u8>, RewriteError> {
    let mut whole = Vec::new();
    let result = write_all(steps(), mail, &mut whole);
    let mut cut = Vec::new();
    for step in steps() {
        let mut step = step.begin();
        let octets = &mail[place(mail, &step.range())];
        let pushed = dice.pieces(octets).into_iter().try_for_each(|piece| step.push(piece, &mut cut));
        let ended = pushed.and_then(|()| step.finish(&mut cut));
        if ended.is_err() {
            assert!(result.is_err(), "in pieces it cannot be written, whole it can");
            return Err(ended.expect_err("just seen"));
        }
    }
    assert!(result.is_ok(), "whole it cannot be written, in pieces it can");
    assert_eq!(cut, whole, "how it is cut makes a difference");
    Ok(whole)
}

fn sender(outline: &Outline) -> String {
    outline.header.first("from").map(|field| field.unstructured()).unwrap_or_default()
}

fn notice(outline: &Outline, planned: &Plan, dice: &mut Dice) -> Notice {
    let langs = dice.one(&[&[Lang::Ja][..], &[Lang::En], &[Lang::Ja, Lang::En]]).to_vec();
    Notice {
        approval: planned.attachments.len() % 2 == 1,
        position: *dice.one(&[NoticePosition::Top, NoticePosition::End]),
        service: "文箱".to_owned(),
        sender: sender(outline),
        time: langs.iter().map(|_| "2026-11-22 10:15".to_owned()).collect(),
        notice_subject: outline.header.first("subject").map(|field| field.unstructured()).unwrap_or_default(),
        files: planned.attachments.iter().map(|file| file.name.clone()).collect(),
        password: Some(FilePassword::from_kept("aB3$<&>xyzXYZ9!".to_owned())),
        wording: (dice.below(2) == 0).then(|| "Our own words.\n<b>".to_owned()),
        langs,
    }
}

/// A mail of our own that quotes this one.
fn own_mail(outline: &Outline, planned: &Plan) {
    let sender = sender(outline);
    let from = outline.header.first("from").map(|field| field.addresses()).unwrap_or_default();
    let subject = outline.header.first("subject").map(|field| field.unstructured()).unwrap_or_default();
    let message_id = outline.header.first("message-id").map(|field| field.text());
    let files: Vec<&str> = planned.attachments.iter().map(|file| file.name.as_str()).collect();
    let out = OwnMail {
        from_name: sender.clone(),
        from: "fubako@gw.example.jp".to_owned(),
        to: "d@e.example".to_owned(),
        reply_to: from.into_iter().find(fubako_mail::Address::is_sound).map(|address| address.address),
        subject: subject.clone(),
        date: "Sun, 22 Nov 2026 10:15:00 +0900".to_owned(),
        message_id: "1@gw.example.jp".to_owned(),
        in_reply_to: message_id,
        languages: vec!["ja", "en"],
        is_reply: true,
        text: format!("{sender}\n{subject}\r\n{}\r", files.join("\n")),
        html: None,
    }
    .build();
    assert_lines(&out, 998);
    let second = read([&out[..]], Limits::default());
    assert_eq!(second.outline.parts.len(), 1, "{:?}", String::from_utf8_lossy(&out));
    let ambiguous = second.outline.findings.iter().any(|finding| finding.cause.code() == fubako_base::Code::Ambiguous);
    // A subject or a name can be a line of a uuencoded file; it stays a text.
    assert!(plan(&second.outline).attachments.is_empty());
    assert!(!ambiguous || second.outline.findings.iter().all(|finding| finding.detail.starts_with("a text with")));
}
