//! The reference page, generated from the declarations.

use super::{
    Accounts, Acme, Api, Brand, Check, Config, Database, Dkim, Dns, ExchangeLink, Files, Gateway, Http, Keys, Log,
    Notices, Rate, Relay, Scanner, Smtp, StarttlsListener, Tls, TlsListener, Top,
};

/// One table of the file.
pub struct Table {
    pub(super) path: &'static str,
    pub(super) about: &'static [&'static str],
    pub(super) keys: &'static [Key],
}

/// One key of a table.
pub struct Key {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) about: &'static [&'static str],
}

const TABLES: &[Table] = &[
    Top::TABLE,
    Brand::TABLE,
    Http::TABLE,
    Accounts::TABLE,
    Smtp::TABLE,
    StarttlsListener::TABLE,
    TlsListener::TABLE,
    Rate::TABLE,
    Tls::TABLE,
    Acme::TABLE,
    Relay::TABLE,
    Dkim::TABLE,
    Notices::TABLE,
    Dns::TABLE,
    Database::TABLE,
    Files::TABLE,
    Keys::TABLE,
    Scanner::TABLE,
    Check::TABLE,
    ExchangeLink::TABLE,
    Api::TABLE,
    Gateway::TABLE,
    Log::TABLE,
];

const HEAD: &str = "# Configuration reference

Generated from the code; a test fails when the two differ. Do not edit it by hand.

One TOML file, given by `--config FILE` or `FUBAKO_CONFIG`. Each key is also an environment variable: `FUBAKO_`, the tables and
the key in capitals, joined by two underscores: `http.listen` is `FUBAKO_HTTP__LISTEN`. The environment goes before the file.
A list is written as in the file: `FUBAKO_DNS__SERVERS='[\"127.0.0.1:5353\"]'`.
With no file at all, the defaults below hold: everything embedded, on loopback. An unknown key is an error.
";

/// The page, in Markdown.
#[must_use]
pub fn reference() -> String {
    let defaults = serde_json::to_value(Config::default()).unwrap_or_default();
    let mut page = HEAD.to_owned();
    for table in TABLES {
        page.push_str(&section(table, &defaults));
    }
    page
}

fn section(table: &Table, defaults: &serde_json::Value) -> String {
    let title = if table.path.is_empty() { "Top".to_owned() } else { format!("`[{}]`", table.path) };
    let mut text = format!(
        "\n## {title}\n\n{}\n\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n",
        joined(table.about)
    );
    for key in table.keys {
        let mut value = defaults;
        for name in table.path.split('.').filter(|n| !n.is_empty()).chain([key.name]) {
            value = &value[name];
        }
        // A table inside a table has a section of its own.
        if value.is_object() {
            continue;
        }
        let default = if value.is_null() { "absent".to_owned() } else { format!("`{value}`") };
        text.push_str(&format!("| `{}` | {} | {default} | {} |\n", key.name, kind(key.kind), joined(key.about)));
    }
    text
}

fn kind(rust: &str) -> &'static str {
    let inner = rust.replace(' ', "");
    let inner = inner.strip_prefix("Option<").and_then(|r| r.strip_suffix('>')).unwrap_or(&inner);
    match inner {
        "bool" => "true or false",
        "u16" | "u32" | "u64" | "usize" => "number",
        "Vec<String>" | "Networks" => "list of texts",
        "PathBuf" => "path",
        "Secret" => "secret text",
        _ => "text",
    }
}

fn joined(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
