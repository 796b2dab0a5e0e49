//! Files written as text, and letters that look a little like them.

use super::{by_lines, found};

fn hides(text: &str) -> bool {
    found(false, None, text.as_bytes()).file_as_text
}

/// As encoders write a file below its `begin` line; `zero` stands for six bits that are none.
fn encoded(file: &[u8], zero: u8) -> String {
    let character = |bits: u32| char::from(if bits == 0 { zero } else { 32 + u8::try_from(bits).unwrap() });
    let mut text = String::new();
    for line in file.chunks(45) {
        text.push(character(u32::try_from(line.len()).unwrap()));
        for group in line.chunks(3) {
            let octet = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
            let bits = octet(0) << 16 | octet(1) << 8 | octet(2);
            text.extend([18, 12, 6, 0].map(|shift| character(bits >> shift & 63)));
        }
        text += "\r\n";
    }
    format!("{text}{}\r\nend\r\n", char::from(zero))
}

/// A text, a file of many zeros, and one in which all octets are as likely.
fn files(length: usize) -> [Vec<u8>; 3] {
    let text = b"Dear Ms Suzuki,\r\nthis is a file and no letter.\r\n".iter().copied().cycle();
    let zeros = [0x4d, 0x5a, 0x90, 0, 3, 0, 0, 0, 4, 0].into_iter().cycle();
    let any = (1..=u32::MAX).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[1]);
    [text.take(length).collect(), zeros.take(length).collect(), any.take(length).collect()]
}

// spec: 3.4a (a uuencoded file in a text body), MAIL-AMBIGUOUS
#[test]
fn files_as_encoders_write_them_are_found() {
    for length in [1, 3, 44, 45, 46, 90, 200, 1000] {
        for file in files(length) {
            for zero in [b'`', b' '] {
                let data = encoded(&file, zero);
                // Mailers drop blanks at a line's end, and some set every line apart.
                let trimmed: String = data.lines().map(|line| line.trim_end().to_owned() + "\r\n").collect();
                let apart = data.replace("\r\n", "\r\n\r\n");
                for data in [&data, &trimmed, &apart] {
                    assert!(hides(&format!("Hi\r\nbegin 644 a.bin\r\n{data}")), "{length}: {data}");
                    assert!(hides(&format!("begin 644 a.bin\r{}", data.replace("\r\n", "\r"))), "{length}: {data}");
                }
                // Whatever stands behind them, and before.
                let cut: String = data.lines().take(2).map(|line| line.to_owned() + "\r\n").collect();
                assert_eq!(
                    hides(&format!("begin 644 a.bin\r\nmy file:\r\n{cut}That is all.\r\n")),
                    length > 45,
                    "{cut}"
                );
            }
        }
    }
    assert!(hides("begin 644 empty\r\n`\r\nend\r\n"));
}

// spec: 3.4a (in any form that a reader takes; yEnc, BinHex)
#[test]
fn files_written_as_text() {
    assert!(hides("Hi\r\nbegin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\n"));
    // Some pass over what is no data.
    assert!(hides("begin 644 cat.txt\r\nnot yet data, really\r\n#0V%T\r\n`\r\nend\r\n"));
    // Any case, tabs, any mode, no name, bare CR.
    for begin in [
        "BEGIN 644 cat.txt",
        "begin \u{b}644 cat.txt",
        "begin\t644\tcat.txt",
        "begin  0644 cat.txt",
        "begin 100644 cat.txt",
        "begin 644",
        "begin 7 x",
        "begin 888 cat.txt",
        "begin +644 cat.txt",
        "begin -1 cat.txt",
        "begin 4294967940 cat.txt",
        "begin 4294967297 cat.txt",
        "begin 18446744073709552260 cat.txt",
    ] {
        assert!(hides(&format!("Hi\r\n{begin}\r\n#0V%T\r\n`\r\nend\r\n")), "{begin}");
        assert!(hides(&format!("Hi\r{begin}\r#0V%T\r`\rend\r")), "{begin}");
        assert!(hides(&format!("{begin}\r\n\r\n#0V%T  \r\n \r\nend")), "{begin}");
    }
    for begin in
        ["begin\r\n644 cat.txt", "Beginning 644 x", "begin 0 x", "Begin 778 x", "begin + x", "> begin 644 cat.txt"]
    {
        assert!(!hides(&format!("{begin}\r\n#0V%T\r\n`\r\nend\r\n")), "{begin}");
    }
    assert!(hides(&format!("begin 644 a.exe\r\nh{}\r\nLMJ+o\r\n+\r\nend\r\n", "0Jcq3aEj-UcA".repeat(5))));
    // Found by review: blanks that stand for zeros are gone from the end, however many (a gzip of `x`); lines are set in; something stands behind each.
    let gzip = "begin 644 a.gz\r\n5'XL(  @       _ZN  *.*'M@$      \r\n \r\nend\r\n";
    assert!(hides(&gzip.replace(" \r\n", "\r\n").replace("      \r\n", "\r\n").replace("  \r\n", "\r\n")));
    assert!(hides("begin 644 z\r\nM<V5C\r\nM\r\n#=&]P\r\n\r\nend\r\n"));
    // Found by review: a log, a time table.
    assert!(!hides("begin 2026-11-23 10:00:00\r\n10:00:01 OK\r\n10:00:02 OK\r\n\r\nend\r\n"));
    assert!(!hides("begin 1\r\nOK\r\n\r\nend\r\n"));
    assert!(!hides("Begin 10:00\r\nOPENING 10:00-10:10\r\nKEYNOTE 10:10-11:00\r\n\r\nend\r\n"));
    let full = |end: &str| format!("M{}{end}", "<V5C".repeat(3) + &"=&]P*2,!".repeat(6));
    for end in ["", "a", "!"] {
        assert!(hides(&format!("begin 644 a\r\n  {}\r\n  {}\r\n", full(end), full(end))), "{end}");
        assert!(hides(&format!("  begin 644 a\r\n  {}\r\n  `\r\n  end\r\n", full(end))), "{end}");
    }
    assert!(hides("begin-base64 644 cat.txt\r\nQ2F0\r\n===="));
    assert!(hides("=ybegin line=128 size=3 name=cat.txt\r\nxyz\r\n=yend size=3"));
    assert!(hides("(This file must be converted with BinHex 4.0)\r\n:abc:"));
    // What a reader sees that takes the octets as they are, whatever the charset says.
    assert!(found(false, Some("iso-2022-jp"), b"\x1b$B\r\nbegin 644 a\r\n#0V%T\r\n`\r\nend\r\n").file_as_text);
}

// spec: MAIL-NONE, MAIL-AMBIGUOUS (found by review: these were held)
#[test]
fn letters_with_a_number_behind_begin_are_letters() {
    let ruler = |of: &str, times: usize| of.repeat(times);
    for text in [
        &format!("Begin 10:00\r\n{}\r\n", ruler("-", 20)),
        &format!("Begin 10:00\r\n{}\r\n", ruler("=", 40)),
        &format!("We hope that you will\r\nbegin 2027 in good health.\r\n\r\n{}\r\nSATO Taro\r\n", ruler("-", 40)),
        &format!("BEGIN 2026-11-23 02:00:00\r\n{}\r\nEND\r\n", ruler("=", 40)),
        &format!("begin 644 form.txt\r\nM{}\r\nM{}\r\n", ruler("_", 60), ruler("_", 60)),
        "begin 2 weeks earlier.\r\n\r\nBest regards\r\nSATO Taro\r\n(03)1234-5678\r\n",
        "begin 2 weeks earlier.\r\n\r\nSATO Taro\r\n(03)1234-5678\r\n(03)1234-5679\r\n",
        "begin 2 weeks earlier.\r\n\r\nSATO Taro\r\n+81-90-1234-5678\r\n",
        "begin 1 December; the price is\r\n$1,000.00\r\n",
        "Begin 10:00\r\n#1234\r\n",
        "BEGIN 2026-11-23 02:00:00\r\n#1234\r\n\r\nEND\r\n",
        "begin 30 minutes earlier than planned.\r\nThe room is booked in my name, so please ask for the key at the desk, OK?\r\n",
        "begin 644 a\r\nend\r\n",
        "begin 644 short\r\n0<W1A\r\nand more\r\nend\r\n",
        "BEGIN 30 DAYS LATER.\r\nMINUTES OF THE MEETING OF THE DIRECTORS OF ACME CORPORATION 1.\r\n(03)1234-5678\r\n",
    ] {
        assert_eq!(by_lines(text), (false, true), "{text}");
    }
    for text in [
        "Hello,\r\n\r\nBegin 2025 with a smile!\r\n\r\nBEST WISHES,\r\nACME\r\n",
        "We\r\nbegin 10 minutes earlier tomorrow.\r\nOK?\r\n\r\n-- \r\nT. TANAKA\r\n",
        "begin 3 new projects\r\n----\r\n",
        &format!("Begin 10:00\r\nh{}\r\n", ruler("-", 60)),
        "begin 2020 well\r\nBEST WISHES\r\n",
        "begin 644 things\r\nABC\r\nthe end\r\nend of it\r\n",
        "begin 644 cat.txt\r\nis how a uuencoded file begins, he said.\r\n",
        "Let us begin 644 things\r\nABC\r\n",
        "begin with this\r\nABC\r\n",
        "> begin 644 cat.txt\r\n> #0V%T\r\n",
    ] {
        assert!(!hides(text), "{text}");
    }
}
