//! Opens TNEF files (`winmail.dat`) and says what is in them: `cargo run -p fubako-mail --example tnef -- FILE…`

#![allow(clippy::print_stdout)]

use fubako_mail::tnef::{Limits, Outline, Reader};

fn main() -> std::io::Result<()> {
    for path in std::env::args().skip(1) {
        let octets = std::fs::read(&path)?;
        let mut reader = Reader::new(Limits::default());
        octets.chunks(64 << 10).for_each(|piece| reader.push(piece));
        println!("{path}: {} octets", octets.len());
        match reader.finish() {
            Ok(outline) => show(&outline, &octets),
            Err(damaged) => println!("  {damaged}"),
        }
    }
    Ok(())
}

fn show(outline: &Outline, octets: &[u8]) {
    println!("  class {:?}, a mail: {}", outline.message_class, outline.is_mail);
    for (kind, body) in [("text", &outline.text), ("HTML", &outline.html)] {
        if let Some(body) = body {
            let beginning: String = body.trim().chars().take(300).collect();
            println!("  {kind} of {} octets: {beginning:?}", body.len());
        }
    }
    for file in &outline.files {
        let (mut extractor, mut content) = (file.extractor(), Vec::new());
        octets.chunks(64 << 10).for_each(|piece| extractor.push(piece, &mut content));
        let is_complete = extractor.finish(&mut content);
        println!(
            "  {:?} {:?} {} octets{} cid {:?} inline {} hidden {}: {:?}",
            file.name,
            file.media_type,
            file.size(),
            if is_complete && content.len() as u64 == file.size() { "" } else { " (INCOMPLETE)" },
            file.content_id,
            file.inline,
            file.hidden,
            String::from_utf8_lossy(
                &content[..content.len().min(if file.name.as_deref().is_some_and(|n| n.ends_with(".eml")) {
                    900
                } else {
                    30
                })]
            ),
        );
    }
}
