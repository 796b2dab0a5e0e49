//! The house stays as it is drawn: pure rooms gain no runtime, database or clock, and no file points outside the project.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn files_below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            found.extend(files_below(&path, ending));
        } else if name.ends_with(ending) && name != "tests.rs" {
            found.push(path);
        }
    }
    found
}

/// A room's files: those in its folder, and the one of its name beside it.
fn room_files(room: &str) -> Vec<PathBuf> {
    let folder = root().join(room);
    let mut files = if folder.is_dir() { files_below(&folder, ".rs") } else { Vec::new() };
    files.extend(Some(folder.with_extension("rs")).filter(|file| file.is_file()));
    files
}

/// The part of a source file that is no test: what stands before its module of tests.
fn production(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned()
}

/// Lines of the longest function of a source file, and its name.
fn longest_function(code: &str) -> (usize, String) {
    let lines: Vec<&str> = code.lines().collect();
    let mut longest = (0, String::new());
    for (at, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let head = line.trim_start();
        let words = ["pub(crate) ", "pub(super) ", "pub ", "const ", "async "];
        let bare = words.iter().fold(head, |rest, word| rest.strip_prefix(word).unwrap_or(rest));
        let Some(name) = bare.strip_prefix("fn ") else { continue };
        let close = format!("{}}}", " ".repeat(indent));
        let length = lines[at..].iter().position(|l| *l == close).map_or(0, |end| end + 1);
        if length > longest.0 {
            longest = (length, name.split(['(', '<']).next().unwrap_or_default().to_owned());
        }
    }
    longest
}

#[test]
fn pure_rooms_have_no_runtime_no_database_and_no_clock() {
    let pure = ["crates/mail/src", "crates/exchange/src/domain", "crates/smtp/src/protocol"];
    let forbidden = [
        "tokio",
        "sqlx",
        "std::fs",
        "TcpStream",
        "UdpSocket",
        "std::io::",
        "SystemTime",
        "Instant::now",
        "Timestamp::now",
        "async fn",
    ];
    for room in pure {
        let files = room_files(room);
        assert!(!files.is_empty(), "{room} has no file any more: mend this test");
        for file in files {
            let code: String =
                production(&file).lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            for word in forbidden {
                assert!(!code.contains(word), "{} has {word}", file.display());
            }
        }
    }
    let manifest = fs::read_to_string(root().join("crates/mail/Cargo.toml")).unwrap();
    let dependencies = manifest.split("[dev-dependencies]").next().unwrap();
    for word in ["tokio", "sqlx", "reqwest", "futures"] {
        assert!(!dependencies.contains(word), "the mail room gained {word}");
    }
}

#[test]
fn only_one_room_uses_each_of_these() {
    for (word, room) in [
        ("mail_auth::", "crates/trust"),
        ("sqlx::", "crates/store"),
        ("object_store::", "crates/vault"),
        ("figment::", "crates/fubako"),
    ] {
        for file in files_below(&root().join("crates"), ".rs") {
            let below = file.strip_prefix(root()).unwrap();
            let is_test = below.components().any(|part| part.as_os_str() == "tests");
            let here = below.starts_with(room) || is_test;
            assert!(here || !production(&file).contains(word), "{} uses {word}, which is {room}'s", below.display());
        }
    }
}

#[test]
fn files_and_functions_stay_readable() {
    for file in
        files_below(&root().join("crates"), ".rs").iter().filter(|f| f.components().any(|c| c.as_os_str() == "src"))
    {
        let code = production(file);
        assert!(code.lines().count() <= 600, "{} is longer than 600 lines", file.display());
        let (lines, name) = longest_function(&code);
        assert!(lines <= 75, "{}: {name} has {lines} lines", file.display());
    }
}
