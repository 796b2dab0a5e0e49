//! Under which host names pages are, and which of them under a section's own domain (spec X-NOTICE, X-OPERATOR). Pure.
//!
//! A section's own domain is the host name of its `link_url`. The operator lists the own domains that the installation serves, since each wants DNS
//! and a certificate; a section whose own domain is not on the list is misconfigured: its mail is stopped (`wrong-domain`), and what is sent all the same
//! has links on the installation's own address, where they work.

use std::net::IpAddr;

use fubako_base::{Code, section::Settings};

/// The host of an address or of a `Host` header: without scheme, port, and the dot at a name's end.
#[must_use]
pub fn host_of(url: &str) -> &str {
    let place = url.split_once("://").map_or(url, |(_, place)| place);
    let place = place.split('/').next().unwrap_or_default();
    let host = match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => host,
        _ => place,
    };
    host.strip_suffix('.').unwrap_or(host)
}

/// A section's own domain, where it has one.
#[must_use]
pub fn own_domain(settings: &Settings) -> Option<&str> {
    settings.link_url.as_deref().map(host_of)
}

/// Whether a section's own domain, where it has one, is among those that are served.
///
/// # Errors
/// `wrong-domain`.
pub fn check_own_domain(settings: &Settings, served: &[String]) -> Result<(), Code> {
    match own_domain(settings) {
        Some(own) if !is_among(own, served) => Err(Code::WrongDomain),
        _ => Ok(()),
    }
}

/// What a section's links begin with: its own domain where that is served, else the installation's address.
#[must_use]
pub fn link_base<'a>(settings: &'a Settings, served: &[String], public_url: &'a str) -> &'a str {
    let own = settings.link_url.as_deref().filter(|_| check_own_domain(settings, served).is_ok());
    own.unwrap_or(public_url)
}

/// What a host name that somebody asks for is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// The installation's own: all pages.
    Installation,
    /// A section's own domain: its links, and nothing else.
    Own,
    /// None of ours.
    Unknown,
}

/// What is under the host that a request names. An address without a name, and a request that names none, are the installation: it is asked for so by who
/// looks after it, and no browser is led there by somebody else's name.
#[must_use]
pub fn site(asked: Option<&str>, served: &[String], public_url: &str) -> Site {
    let Some(asked) = asked.map(host_of) else { return Site::Installation };
    let is_address = asked.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    if is_address || asked.eq_ignore_ascii_case("localhost") || asked.eq_ignore_ascii_case(host_of(public_url)) {
        Site::Installation
    } else if is_among(asked, served) {
        Site::Own
    } else {
        Site::Unknown
    }
}

/// Whether a section's links are under the own domain that a request names.
#[must_use]
pub fn is_own(asked: &str, settings: &Settings) -> bool {
    own_domain(settings).is_some_and(|own| own.eq_ignore_ascii_case(host_of(asked)))
}

fn is_among(domain: &str, served: &[String]) -> bool {
    served.iter().any(|one| one.eq_ignore_ascii_case(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "https://files.example.jp:8443";

    fn served() -> Vec<String> {
        vec!["files.acme.example".to_owned(), "files.other.example".to_owned()]
    }

    fn section(link_url: Option<&str>) -> Settings {
        Settings { link_url: link_url.map(str::to_owned), ..Settings::default() }
    }

    // spec: X-NOTICE MAIL-SENDER
    #[test]
    fn an_own_domain_is_served_or_the_links_are_elsewhere() {
        for (link_url, served, checked, base) in [
            (None, vec![], Ok(()), PUBLIC),
            (None, served(), Ok(()), PUBLIC),
            (Some("https://files.acme.example"), served(), Ok(()), "https://files.acme.example"),
            (Some("https://files.acme.example:444"), served(), Ok(()), "https://files.acme.example:444"),
            (Some("https://files.acme.example"), vec![], Err(Code::WrongDomain), PUBLIC),
            (Some("https://acme.example"), served(), Err(Code::WrongDomain), PUBLIC),
            (Some("https://sub.files.acme.example"), served(), Err(Code::WrongDomain), PUBLIC),
            // The installation's own name is nobody's own domain.
            (Some("https://files.example.jp"), served(), Err(Code::WrongDomain), PUBLIC),
        ] {
            let section = section(link_url);
            assert_eq!(check_own_domain(&section, &served), checked, "{link_url:?}");
            assert_eq!(link_base(&section, &served, PUBLIC), base, "{link_url:?}");
        }
    }

    // spec: X-NOTICE
    #[test]
    fn each_host_name_has_what_is_its() {
        for (asked, wanted) in [
            (None, Site::Installation),
            (Some("files.example.jp"), Site::Installation),
            (Some("FILES.example.jp:8443"), Site::Installation),
            (Some("files.example.jp.:8443"), Site::Installation),
            (Some("127.0.0.1:8080"), Site::Installation),
            (Some("[::1]:8080"), Site::Installation),
            (Some("[::1]"), Site::Installation),
            (Some("localhost:1"), Site::Installation),
            (Some("files.acme.example"), Site::Own),
            (Some("Files.Acme.Example.:8443"), Site::Own),
            (Some("evil.example"), Site::Unknown),
            (Some("files.example.jp.evil.example"), Site::Unknown),
            (Some("evilfiles.acme.example"), Site::Unknown),
            (Some("files.acme.example@evil.example"), Site::Unknown),
            (Some("evil.example/files.example.jp"), Site::Unknown),
            (Some(""), Site::Unknown),
            (Some(":8443"), Site::Unknown),
        ] {
            assert_eq!(site(asked, &served(), PUBLIC), wanted, "{asked:?}");
        }
    }

    #[test]
    fn a_link_is_its_own_section_s() {
        let acme = section(Some("https://files.acme.example:444"));
        assert!(is_own("files.acme.example:444", &acme) && is_own("FILES.acme.example", &acme));
        assert!(!is_own("files.other.example", &acme) && !is_own("files.acme.example", &section(None)));
    }
}
