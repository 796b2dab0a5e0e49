//! What the reader makes of mails: `cargo run -p fubako-mail --example outline -- FILE…`. For each the decision, what was
//! found, the files and bodies, and how fast it was read.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::{env, fs::File, io::Read, time::Instant};

use fubako_mail::{
    Outline,
    newline::Normalizer,
    plan::plan,
    reader::{Limits, Reader},
};

fn read(path: &str) -> std::io::Result<Outline> {
    let mut file = File::open(path)?;
    let (mut normalizer, mut reader) = (Normalizer::new(), Reader::new(Limits::default()));
    let (mut piece, mut normal) = (vec![0; 64 << 10], Vec::new());
    loop {
        let length = file.read(&mut piece)?;
        if length == 0 {
            return Ok(reader.finish());
        }
        normal.clear();
        normalizer.push(piece.get(..length).unwrap_or_default(), &mut normal);
        reader.push(&normal);
    }
}

fn main() {
    for path in env::args().skip(1) {
        let began = Instant::now();
        let outline = match read(&path) {
            Ok(outline) => outline,
            Err(error) => {
                eprintln!("{path}: {error}");
                continue;
            }
        };
        let seconds = began.elapsed().as_secs_f64();
        let plan = plan(&outline);
        #[allow(clippy::cast_precision_loss)]
        let rate = outline.size as f64 / seconds / 1e6;
        println!("{path}: {:?}, {} octets at {rate:.0} MB/s", plan.decision, outline.size);
        for problem in &plan.problems {
            println!("  {}: {}", problem.code, problem.detail);
        }
        for file in &plan.attachments {
            println!(
                "  {:3} {} ({}, {} encoded octets)",
                file.number,
                file.name,
                file.media_type,
                file.body.end - file.body.start
            );
        }
        for body in &plan.bodies {
            println!(
                "      {} {:?} ({} encoded octets)",
                body.media_type,
                body.charset,
                body.body.end - body.body.start
            );
        }
    }
}
