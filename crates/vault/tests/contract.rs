//! What a vault promises, over a local folder and over a real S3 server: one suite for both.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{fs, ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use fubako_base::{Timestamp, ids::ObjectId, object::ObjectRef};
use fubako_vault::{OwnError, Vault, VaultError, seal::CHUNK, seal::SEALED_CHUNK};
use futures::TryStreamExt as _;
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};
use support::{Keeper, Place, master, read, sample, section, write};

/// Each contract as a test over each storage.
macro_rules! contracts {
    ($($name:ident),* $(,)?) => {
        mod folder {
            $(#[tokio::test]
            async fn $name() {
                super::$name(&crate::support::Place::folder().await).await;
            })*
        }
        mod s3 {
            $(#[tokio::test]
            async fn $name() {
                if let Some(place) = crate::support::Place::s3().await {
                    super::$name(&place).await;
                }
            })*
        }
    };
}

contracts![
    every_length_comes_back,
    any_range_comes_back,
    nothing_of_the_plaintext_is_stored,
    a_flipped_bit_is_an_error,
    moved_doubled_and_foreign_chunks_are_errors,
    a_cut_or_lengthened_object_gives_no_octet,
    exchanged_objects_are_errors,
    other_keys_do_not_open,
    a_writer_that_does_not_finish_leaves_nothing,
    a_broken_off_write_never_becomes_an_object,
    deleting_is_for_good_and_may_be_repeated,
    a_missing_object_is_told_apart,
    what_was_stored_before_a_time_is_listed,
    a_storage_has_one_owner,
];

const ALL: Range<u64> = 0..u64::MAX;

// spec: KEEP-CRYPT
async fn every_length_comes_back(place: &Place) {
    let vault = place.vault();
    let lengths = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 4 * CHUNK, 5 * CHUNK, 80 * CHUNK, 80 * CHUNK + 1, (10 << 20) + 3];
    for length in lengths {
        let plain = sample(length);
        for pieces in [997, 65_536, usize::MAX] {
            if pieces == 997 && length > 5 * CHUNK {
                continue;
            }
            let object = write(&vault, &plain, pieces).await;
            assert_eq!(object.length, length as u64);
            let (out, error) = read(&vault, &object, ALL).await;
            assert!(error.is_none(), "{length} in pieces of {pieces}: {error:?}");
            assert!(out == plain, "{length} in pieces of {pieces}");
            assert_eq!(
                fs::metadata(place.file(object.id)).unwrap().len(),
                fubako_vault::seal::stored_length(length as u64)
            );
        }
    }
}

// spec: X-RECEIVE (Range)
async fn any_range_comes_back(place: &Place) {
    let vault = place.vault();
    // More than one fetch even over S3.
    let plain = sample(18 * CHUNK + 77);
    let object = write(&vault, &plain, 100_000).await;
    let length = plain.len() as u64;
    let mut ranges = vec![0..0, 0..1, length - 1..length, length..length, length..length + 5, 5..u64::MAX, 7..7];
    ranges.extend((0..3).flat_map(|n| {
        let border = n * CHUNK as u64;
        [border..border + 1, border.saturating_sub(1)..border + 1, border..border + CHUNK as u64]
    }));
    // `new` draws anew in each run; a failing range is in the message.
    let mut runner = TestRunner::default();
    for _ in 0..60 {
        let (a, b) = (0..length + 9, 0..length + 9).new_tree(&mut runner).unwrap().current();
        ranges.push(a.min(b)..a.max(b));
    }
    for range in ranges {
        let (out, error) = read(&vault, &object, range.clone()).await;
        assert!(error.is_none(), "{range:?}: {error:?}");
        let clip = |at: u64| usize::try_from(at.min(length)).unwrap();
        assert!(out == plain[clip(range.start)..clip(range.end)], "{range:?}");
    }
}

// spec: KEEP-CRYPT
async fn nothing_of_the_plaintext_is_stored(place: &Place) {
    let plain = sample(CHUNK + 5_000);
    let object = write(&place.vault(), &plain, 8_192).await;
    let windows: std::collections::HashSet<&[u8]> = plain.windows(16).collect();
    assert!(windows.len() > CHUNK, "the sample repeats itself");
    for file in place.files() {
        let stored = fs::read(file).unwrap();
        assert!(!stored.windows(16).any(|window| windows.contains(window)));
    }
    // The search itself finds what is there.
    let mut leaking = fs::read(place.file(object.id)).unwrap();
    leaking[70_000..70_016].copy_from_slice(&plain[1_234..1_250]);
    assert!(leaking.windows(16).any(|window| windows.contains(window)));
}

/// Changes an object's stored octets.
fn damage(place: &Place, id: ObjectId, change: impl FnOnce(&mut Vec<u8>)) {
    let file = place.file(id);
    let mut stored = fs::read(&file).unwrap();
    change(&mut stored);
    fs::write(file, stored).unwrap();
}

/// Reads all of a damaged object: it must fail as damaged, and give exactly the chunks before the damaged one.
async fn assert_damaged(vault: &Vault, object: &ObjectRef, plain: &[u8], good_chunks: usize, what: &str) {
    let (out, error) = read(vault, object, ALL).await;
    assert!(matches!(&error, Some(VaultError::Damaged(id, _)) if *id == object.id), "{what}: {error:?}");
    assert!(out == plain[..good_chunks * CHUNK], "{what}: {} octets came out", out.len());
}

// spec: KEEP-CRYPT
async fn a_flipped_bit_is_an_error(place: &Place) {
    let vault = place.vault();
    let plain = sample(2 * CHUNK + 100);
    let object = write(&vault, &plain, CHUNK).await;
    let stored = plain.len() + 3 * 16;
    // The first and the last bit of each chunk and each tag, and any.
    let mut positions: Vec<(usize, u8)> = Vec::new();
    for chunk in 0..3 {
        let (start, end) = (chunk * SEALED_CHUNK, stored.min((chunk + 1) * SEALED_CHUNK));
        positions.extend([(start, 0), (end - 17, 7), (end - 16, 0), (end - 1, 7)]);
    }
    let mut runner = TestRunner::default();
    for _ in 0..100 {
        positions.push((0..stored, 0..8u8).new_tree(&mut runner).unwrap().current());
    }
    for (position, bit) in positions {
        damage(place, object.id, |octets| octets[position] ^= 1 << bit);
        let what = format!("bit {bit} of octet {position}");
        assert_damaged(&vault, &object, &plain, position / SEALED_CHUNK, &what).await;
        // A range in other chunks is not concerned; one in this chunk is, wherever in it.
        let bad = (position / SEALED_CHUNK * CHUNK) as u64;
        let (out, error) = read(&vault, &object, bad + 3..bad + 5).await;
        assert!(out.is_empty() && error.is_some(), "{what}");
        damage(place, object.id, |octets| octets[position] ^= 1 << bit);
    }
    assert!(read(&vault, &object, ALL).await.1.is_none(), "mended");
}

// spec: KEEP-CRYPT
async fn moved_doubled_and_foreign_chunks_are_errors(place: &Place) {
    let vault = place.vault();
    let plain = sample(5 * CHUNK);
    let object = write(&vault, &plain, CHUNK).await;
    let other = write(&vault, &plain, CHUNK).await;
    let whole = fs::read(place.file(object.id)).unwrap();
    let foreign = fs::read(place.file(other.id)).unwrap();
    let chunk = |n: usize| n * SEALED_CHUNK..(n + 1) * SEALED_CHUNK;
    let swapped = |a: usize, b: usize| {
        let mut octets = whole.clone();
        octets[chunk(a)].copy_from_slice(&whole[chunk(b)]);
        octets[chunk(b)].copy_from_slice(&whole[chunk(a)]);
        octets
    };
    let copied = |to: usize, from: &[u8]| {
        let mut octets = whole.clone();
        octets[chunk(to)].copy_from_slice(from);
        octets
    };
    let mut moved = whole.clone();
    moved[..4 * SEALED_CHUNK].rotate_left(SEALED_CHUNK);
    let cases = [
        ("two chunks swapped", swapped(1, 2), 1),
        ("the first and the last swapped", swapped(0, 4), 0),
        ("a chunk moved behind others", moved, 0),
        ("a chunk doubled over the next", copied(2, &whole[chunk(1)]), 2),
        ("a chunk doubled over the last", copied(4, &whole[chunk(3)]), 4),
        ("the same chunk of another object", copied(3, &foreign[chunk(3)]), 3),
    ];
    for (what, octets, good) in cases {
        damage(place, object.id, |stored| *stored = octets);
        assert_damaged(&vault, &object, &plain, good, what).await;
    }
}

// spec: KEEP-CRYPT
async fn a_cut_or_lengthened_object_gives_no_octet(place: &Place) {
    let vault = place.vault();
    let plain = sample(3 * CHUNK + 500);
    let object = write(&vault, &plain, CHUNK).await;
    let whole = fs::read(place.file(object.id)).unwrap();
    for kept in [0, 1, 15, 16, SEALED_CHUNK, 3 * SEALED_CHUNK, 3 * SEALED_CHUNK + 16, whole.len() - 1] {
        damage(place, object.id, |stored| *stored = whole[..kept].to_vec());
        assert_damaged(&vault, &object, &plain, 0, &format!("cut to {kept}")).await;
    }
    // A chunk too many: the last one, or an earlier one, once more at the end; one taken out of the middle.
    for again in [&whole[3 * SEALED_CHUNK..], &whole[..SEALED_CHUNK], &[0]] {
        damage(place, object.id, |stored| *stored = [&whole, again].concat());
        assert_damaged(&vault, &object, &plain, 0, "lengthened").await;
    }
    damage(place, object.id, |stored| *stored = [&whole[..SEALED_CHUNK], &whole[2 * SEALED_CHUNK..]].concat());
    assert_damaged(&vault, &object, &plain, 0, "one taken out").await;
    // A database row that was changed to fit the cut: the last chunk does not say that it is the last.
    for chunks in [1, 2, 3] {
        damage(place, object.id, |stored| *stored = whole[..chunks * SEALED_CHUNK].to_vec());
        let row = ObjectRef { length: (chunks * CHUNK) as u64, ..object.clone() };
        assert_damaged(&vault, &row, &plain, chunks - 1, "cut, and the row too").await;
    }
    // An object made empty.
    damage(place, object.id, |stored| *stored = whole[..16].to_vec());
    assert_damaged(&vault, &ObjectRef { length: 0, ..object.clone() }, &plain, 0, "made empty").await;
}

// spec: KEEP-CRYPT
async fn exchanged_objects_are_errors(place: &Place) {
    let vault = place.vault();
    let plain = sample(CHUNK + 1);
    let (a, b) = (write(&vault, &plain, CHUNK).await, write(&vault, &plain, CHUNK).await);
    // The files change places.
    let (octets_a, octets_b) = (fs::read(place.file(a.id)).unwrap(), fs::read(place.file(b.id)).unwrap());
    damage(place, a.id, |stored| *stored = octets_b.clone());
    damage(place, b.id, |stored| *stored = octets_a.clone());
    assert_damaged(&vault, &a, &plain, 0, "the files").await;
    assert_damaged(&vault, &b, &plain, 0, "the files").await;
    damage(place, a.id, |stored| *stored = octets_a);
    // The rows change places, the keys with them.
    let mixed = ObjectRef { id: b.id, ..a.clone() };
    assert_damaged(&vault, &mixed, &plain, 0, "the id").await;
    let mixed = ObjectRef { wrapped_key: b.wrapped_key.clone(), ..a.clone() };
    assert_damaged(&vault, &mixed, &plain, 0, "the key").await;
    assert!(read(&vault, &a, ALL).await.1.is_none());
}

// spec: KEEP-CRYPT
async fn other_keys_do_not_open(place: &Place) {
    let keeper = Arc::new(Keeper::default());
    let vault = Vault::new(place.storage.clone(), &master(1), keeper.clone()).unwrap();
    let plain = sample(1_000);
    let object = write(&vault, &plain, CHUNK).await;

    // Another section's key, made or not.
    let foreign = ObjectRef { section: "other".parse().unwrap(), ..object.clone() };
    let (out, error) = read(&vault, &foreign, ALL).await;
    assert!(out.is_empty() && matches!(error, Some(VaultError::Key(_))), "{error:?}");
    vault.check_master_key(&foreign.section).await.unwrap();
    assert_damaged(&vault, &foreign, &plain, 0, "another section").await;

    // The other section's key put into this one's row.
    {
        let mut kept = keeper.kept.lock().unwrap();
        let key = kept[&foreign.section].clone();
        kept.insert("third".parse().unwrap(), key);
    }
    let error = vault.check_master_key(&"third".parse().unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");

    // Another master key: told at the start, and nothing is read.
    let vault = Vault::new(place.storage.clone(), &master(2), keeper.clone()).unwrap();
    let error = vault.check_master_key(&section()).await.unwrap_err();
    assert!(matches!(&error, VaultError::Key(text) if text.contains("another master key")), "{error}");
    let (out, error) = read(&vault, &object, ALL).await;
    assert!(out.is_empty() && matches!(error, Some(VaultError::Key(_))), "{error:?}");

    // Every octet of the wrapped keys matters.
    let vault = Vault::new(place.storage.clone(), &master(1), keeper.clone()).unwrap();
    for position in 0..object.wrapped_key.len() {
        let mut row = object.clone();
        row.wrapped_key[position] ^= 1;
        let (out, error) = read(&vault, &row, ALL).await;
        assert!(out.is_empty() && error.is_some(), "octet {position}");
        row.wrapped_key.truncate(position);
        assert!(read(&vault, &row, ALL).await.1.is_some(), "cut to {position}");
    }
    let whole = keeper.kept.lock().unwrap()[&section()].clone();
    for position in 0..whole.len() {
        let mut wrapped = whole.clone();
        wrapped[position] ^= 1;
        keeper.kept.lock().unwrap().insert(section(), wrapped);
        let vault = Vault::new(place.storage.clone(), &master(1), keeper.clone()).unwrap();
        assert!(vault.check_master_key(&section()).await.is_err(), "octet {position}");
    }
}

/// What is left in the storage once nothing comes and goes any more: what nobody waits for goes on in the background.
async fn left(place: &Place) -> Vec<std::path::PathBuf> {
    let (mut found, mut quiet) = (Vec::new(), 0);
    for _ in 0..2_000 {
        found = [place.files(), place.uploads()].concat();
        quiet = if found.is_empty() { quiet + 1 } else { 0 };
        if quiet == 10 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    found
}

async fn a_writer_that_does_not_finish_leaves_nothing(place: &Place) {
    let vault = place.vault();
    for length in [10, 9 * CHUNK, 90 * CHUNK] {
        let mut writer = vault.create(&section()).await.unwrap();
        writer.write(sample(length).into()).await.unwrap();
        let piecewise = length > if place.is_s3() { 80 * CHUNK } else { 4 * CHUNK };
        assert_eq!(!place.uploads().is_empty(), piecewise, "what is to be removed can be seen");
        writer.abort().await;
        assert_eq!(
            [place.files(), place.uploads()].concat(),
            Vec::<std::path::PathBuf>::new(),
            "aborted after {length}"
        );

        let mut writer = vault.create(&section()).await.unwrap();
        writer.write(sample(length).into()).await.unwrap();
        drop(writer);
        assert_eq!(left(place).await, Vec::<std::path::PathBuf>::new(), "dropped after {length}");

        // Nobody waits for the end any more, at any of its steps.
        for polls in 1..12 {
            let mut writer = vault.create(&section()).await.unwrap();
            writer.write(sample(length).into()).await.unwrap();
            let mut finish = Box::pin(writer.finish());
            let mut ended = false;
            for _ in 0..polls {
                if let Ok(object) = tokio::time::timeout(Duration::from_millis(1), &mut finish).await {
                    vault.delete(object.unwrap().id).await.unwrap();
                    ended = true;
                    break;
                }
            }
            drop(finish);
            assert_eq!(left(place).await, Vec::<std::path::PathBuf>::new(), "left at its end, {length}, {polls}");
            if ended {
                break;
            }
        }
    }
}

async fn a_broken_off_write_never_becomes_an_object(place: &Place) {
    let vault = place.vault();
    let mut writer = vault.create(&section()).await.unwrap();
    // Enough for a piece to go up, so that the write has something to wait for.
    let octets: Bytes = sample(170 * CHUNK).into();
    let mut write = Box::pin(writer.write(octets.clone()));
    assert!(futures::poll!(&mut write).is_pending());
    drop(write);
    assert!(matches!(writer.write(octets).await, Err(VaultError::Storage(_))));
    assert!(matches!(writer.finish().await, Err(VaultError::Storage(_))));
    assert_eq!(left(place).await, Vec::<std::path::PathBuf>::new());
}

// spec: KEEP-DELETE
async fn deleting_is_for_good_and_may_be_repeated(place: &Place) {
    let vault = place.vault();
    let object = write(&vault, &sample(CHUNK), CHUNK).await;
    let other = write(&vault, &sample(5), CHUNK).await;
    vault.delete(object.id).await.unwrap();
    vault.delete(object.id).await.unwrap();
    assert!(matches!(vault.open(&object).await, Err(VaultError::Missing(id)) if id == object.id));
    assert!(vault.open(&other).await.is_ok());
    vault.delete(other.id).await.unwrap();
    assert_eq!(place.files(), Vec::<std::path::PathBuf>::new());
}

async fn a_missing_object_is_told_apart(place: &Place) {
    let vault = place.vault();
    let object = write(&vault, &sample(5), CHUNK).await;
    fs::remove_file(place.file(object.id)).unwrap();
    assert!(matches!(vault.open(&object).await, Err(VaultError::Missing(id)) if id == object.id));
    assert!(place.is_s3() || place.root.join("00").is_dir());
}

// spec: KEEP-DELETE
async fn what_was_stored_before_a_time_is_listed(place: &Place) {
    let vault = place.vault();
    let mut ids = [write(&vault, &sample(10), 10).await.id, write(&vault, &sample(9 << 20), 1 << 20).await.id];
    ids.sort();
    vault.own_storage(&section()).await.unwrap();
    let stranger = place.files()[0].with_file_name("something-else");
    fs::write(&stranger, "x").unwrap();
    let mut being_written = vault.create(&section()).await.unwrap();
    being_written.write(Bytes::from(sample(9 << 20))).await.unwrap();
    let listed = async |time: Timestamp| {
        let mut listed: Vec<ObjectId> = vault.stored_before(time).try_collect().await.unwrap();
        listed.sort();
        listed
    };
    assert_eq!(listed(Timestamp::now().plus_seconds(60)).await, ids);
    assert_eq!(listed(Timestamp::now().plus_seconds(-60)).await, []);
}

// spec: KEEP-CRYPT
async fn a_storage_has_one_owner(place: &Place) {
    let mine = place.vault();
    mine.own_storage(&section()).await.unwrap();
    mine.own_storage(&section()).await.unwrap();
    // The same master key, and another database.
    let other = place.vault();
    assert!(matches!(other.own_storage(&section()).await, Err(OwnError::Other)));
    mine.own_storage(&section()).await.unwrap();
}
