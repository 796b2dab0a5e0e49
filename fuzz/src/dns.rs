//! DNS out of an input: each question is answered by one of its lines.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::atomic::{AtomicUsize, Ordering},
};

use fubako_trust::{Dns, DnsFailure, LookUp};

use crate::Dice;

/// Questions that a check may ask: 10 terms, each with 10 hosts, and as much for names of the address and macros.
const MAX_QUESTIONS: usize = 400;

#[derive(Default)]
pub struct Lines {
    pub lines: Vec<String>,
    pub ip: Option<IpAddr>,
    asked: AtomicUsize,
}

impl Lines {
    pub fn new(text: &str, ip: Option<IpAddr>) -> Self {
        Self { lines: text.split(['\n', '\r']).map(str::to_owned).collect(), ip, asked: AtomicUsize::new(0) }
    }

    /// Dice for a question, after looking at its name.
    fn asked(&self, name: &str, kind: u64) -> Result<Dice, DnsFailure> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        assert!(asked < MAX_QUESTIONS, "more than {MAX_QUESTIONS} questions");
        assert!(
            !name.is_empty() && name.len() <= 253 && name.bytes().all(|octet| octet.is_ascii_graphic()),
            "{name:?}"
        );
        assert!(name.split('.').all(|label| (1..=63).contains(&label.len())), "{name:?}");
        let mut dice = Dice::of(name.as_bytes(), kind);
        match dice.below(16) {
            0 => Err(DnsFailure::NoSuchName),
            1 => Err(DnsFailure::Temporary("SERVFAIL".to_owned())),
            _ => Ok(dice),
        }
    }

    fn line(&self, dice: &mut Dice) -> String {
        self.lines.get(dice.below(self.lines.len())).cloned().unwrap_or_default()
    }
}

fn ready<'a, T: Send + 'a>(answer: Result<Vec<T>, DnsFailure>) -> LookUp<'a, T> {
    Box::pin(std::future::ready(answer))
}

impl Dns for Lines {
    fn txt<'a>(&'a self, name: &'a str) -> LookUp<'a, String> {
        ready(self.asked(name, 1).map(|mut dice| (0..1 + dice.below(2)).map(|_| self.line(&mut dice)).collect()))
    }

    fn a<'a>(&'a self, name: &'a str) -> LookUp<'a, Ipv4Addr> {
        let own = match self.ip {
            Some(IpAddr::V4(ip)) => ip,
            _ => Ipv4Addr::LOCALHOST,
        };
        ready(self.asked(name, 2).map(|mut dice| [own, Ipv4Addr::BROADCAST][dice.below(2)..][..dice.below(2)].to_vec()))
    }

    fn aaaa<'a>(&'a self, name: &'a str) -> LookUp<'a, Ipv6Addr> {
        ready(self.asked(name, 3).map(|mut dice| vec![Ipv6Addr::LOCALHOST; dice.below(2)]))
    }

    fn mx<'a>(&'a self, name: &'a str) -> LookUp<'a, String> {
        ready(self.asked(name, 4).map(|mut dice| (0..dice.below(12)).map(|_| self.line(&mut dice)).collect()))
    }

    fn ptr(&self, _: IpAddr) -> LookUp<'_, String> {
        ready(self.asked("ptr", 5).map(|mut dice| (0..dice.below(12)).map(|_| self.line(&mut dice)).collect()))
    }
}

/// One TXT record, whatever is asked.
pub struct Always(pub String);

impl Dns for Always {
    fn txt<'a>(&'a self, _: &'a str) -> LookUp<'a, String> {
        ready(Ok(vec![self.0.clone()]))
    }

    fn a<'a>(&'a self, _: &'a str) -> LookUp<'a, Ipv4Addr> {
        ready(Err(DnsFailure::NoSuchName))
    }

    fn aaaa<'a>(&'a self, _: &'a str) -> LookUp<'a, Ipv6Addr> {
        ready(Err(DnsFailure::NoSuchName))
    }

    fn mx<'a>(&'a self, _: &'a str) -> LookUp<'a, String> {
        ready(Err(DnsFailure::NoSuchName))
    }

    fn ptr(&self, _: IpAddr) -> LookUp<'_, String> {
        ready(Err(DnsFailure::NoSuchName))
    }
}
