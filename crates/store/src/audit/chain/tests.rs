#![allow(clippy::unwrap_used)]

use fubako_base::Timestamp;

use super::*;

const KEY: [u8; HASH] = [7; HASH];

fn section() -> SectionId {
    "acme".parse().unwrap()
}

fn line(number: u64) -> Line {
    Line {
        number,
        at: Timestamp(1_000_000 * i64::try_from(number).unwrap()),
        event: "sign-in".into(),
        actor_kind: "user".into(),
        actor: format!("taro{number}"),
        address: "192.0.2.1".into(),
        object: String::new(),
        detail: "{}".into(),
        hash: [0; HASH],
    }
}

/// A chain of five lines, as it would be written.
fn written() -> (Chain, Vec<Line>) {
    let (key, section) = (ChainKey::new(&KEY), section());
    let mut chain = Chain::new(&key, &section);
    let lines: Vec<Line> = (1..=5)
        .map(|number| {
            let mut line = line(number);
            line.hash = key.hash(&section, &line, &chain.last_hash);
            (chain.last_number, chain.last_hash) = (number, line.hash);
            chain.last_mac = key.mark(&section, Mark::Last, number, &line.hash);
            line
        })
        .collect();
    (chain, lines)
}

fn breaks(chain: &Chain, lines: &[Line], noted: Option<&End>) -> Vec<Break> {
    let (key, section) = (ChainKey::new(&KEY), section());
    let mut walk = Walk::new(&key, &section, chain.clone(), noted);
    lines.iter().for_each(|line| walk.step(line));
    walk.finish(None)
}

// spec: X-AUDIT
#[test]
fn a_whole_chain_has_no_break() {
    let (chain, lines) = written();
    assert_eq!(breaks(&chain, &lines, None), []);
    let noted = End { number: 3, hash: lines[2].hash };
    assert_eq!(breaks(&chain, &lines, Some(&noted)), []);
    let empty = Chain::new(&ChainKey::new(&KEY), &section());
    assert_eq!(breaks(&empty, &[], None), []);
}

// spec: X-AUDIT
#[test]
fn a_change_in_any_field_is_found_and_told_once() {
    let changes: [fn(&mut Line); 8] = [
        |line| line.at.0 += 1,
        |line| line.event = "sign-out".into(),
        |line| line.actor_kind = "operator".into(),
        |line| line.actor.push('x'),
        |line| line.address.clear(),
        |line| line.object.push('x'),
        |line| line.detail = "{\"a\":\"b\"}".into(),
        |line| {
            // The same octets, cut otherwise.
            line.actor_kind.push_str(&line.actor);
            line.actor.clear();
        },
    ];
    for change in changes {
        let (chain, mut lines) = written();
        change(&mut lines[2]);
        assert_eq!(breaks(&chain, &lines, None), [Break::Changed(3)]);
    }
}

// spec: X-AUDIT
#[test]
fn a_removed_a_moved_and_an_added_line_are_found() {
    let (chain, mut lines) = written();
    lines.remove(2);
    assert_eq!(breaks(&chain, &lines, None), [Break::Missing(3, 3)]);

    let (chain, mut lines) = written();
    lines.swap(1, 2);
    (lines[1].number, lines[2].number) = (2, 3);
    assert_eq!(breaks(&chain, &lines, None), [Break::Changed(2), Break::Changed(3), Break::Changed(4)]);

    let (chain, mut lines) = written();
    lines[2] = Line { hash: [1; HASH], ..line(3) };
    assert_eq!(breaks(&chain, &lines, None), [Break::Changed(3), Break::Changed(4)]);
}

// spec: X-AUDIT
#[test]
fn who_has_not_the_key_cannot_write_the_chain_anew() {
    let (chain, mut lines) = written();
    lines[2].actor = "somebody else".into();
    let other = ChainKey::new(&[8; HASH]);
    let mut before = lines[1].hash;
    for line in &mut lines[2..] {
        line.hash = other.hash(&section(), line, &before);
        before = line.hash;
    }
    let found = breaks(&Chain { last_hash: before, ..chain }, &lines, None);
    assert_eq!(found, [Break::Changed(3), Break::Changed(4), Break::Changed(5), Break::Ending(5)]);
}

// spec: X-AUDIT
#[test]
fn what_is_cut_off_at_either_end_is_found() {
    let (chain, lines) = written();
    assert_eq!(breaks(&chain, &lines[..3], None), [Break::Missing(4, 5)]);
    assert_eq!(breaks(&chain, &lines[2..], None), [Break::Missing(1, 2)]);
    // The row that tells where the chain ends, or begins, is put right for it, as well as it can be without the key.
    let shorter = Chain { last_number: 3, last_hash: lines[2].hash, ..chain.clone() };
    assert_eq!(breaks(&shorter, &lines[..3], None), [Break::Ending(3)]);
    let later = Chain { first_number: 3, first_hash: lines[1].hash, ..chain };
    assert_eq!(breaks(&later, &lines[2..], None), [Break::Beginning(3)]);
}

// spec: X-AUDIT
#[test]
fn a_database_put_back_is_found_by_an_end_that_was_noted_elsewhere() {
    let (chain, lines) = written();
    let key = ChainKey::new(&KEY);
    let back = Chain {
        last_number: 3,
        last_hash: lines[2].hash,
        last_mac: key.mark(&section(), Mark::Last, 3, &lines[2].hash),
        ..chain
    };
    assert_eq!(breaks(&back, &lines[..3], None), [], "it agrees with itself");
    let noted = End { number: 5, hash: lines[4].hash };
    assert_eq!(breaks(&back, &lines[..3], Some(&noted)), [Break::Missing(4, 5)]);
    let other = End { number: 2, hash: [9; HASH] };
    assert_eq!(breaks(&back, &lines[..3], Some(&other)), [Break::NotAsNoted(2)]);
}

// spec: X-AUDIT
#[test]
fn a_line_of_one_section_is_none_of_another() {
    let (chain, lines) = written();
    let (key, other) = (ChainKey::new(&KEY), "other".parse().unwrap());
    let mut walk = Walk::new(&key, &other, chain, None);
    lines.iter().for_each(|line| walk.step(line));
    assert_eq!(walk.finish(None).len(), 7);
}

#[test]
fn an_end_is_read_back() {
    let end = End { number: 12, hash: [0xab; HASH] };
    assert_eq!(end.to_string().parse(), Ok(end));
    for wrong in ["", "12", "x:00", "12:ab", "12:zz"] {
        assert!(wrong.parse::<End>().is_err(), "{wrong}");
    }
}
