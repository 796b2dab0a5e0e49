-- Deposits, files, links, and sessions of recipients who proved themselves.

CREATE TABLE deposits (
    id              {{text}} NOT NULL PRIMARY KEY,
    section         {{text}} NOT NULL REFERENCES sections (id),
    idempotency_key {{text}} NOT NULL,
    request_digest  {{blob}} NOT NULL,
    state           {{text}} NOT NULL,
    sender_address  {{text}} NOT NULL,
    sender_name     {{text}} NOT NULL,
    subject         {{text}} NOT NULL,
    lang            {{text}},
    password_hash   {{text}} NOT NULL,
    recipients      {{text}} NOT NULL, -- JSON, in order
    file_count      {{int}}  NOT NULL,
    created_at      {{int}}  NOT NULL,
    sent_at         {{int}},
    expires_at      {{int}},
    UNIQUE (section, id),
    UNIQUE (section, idempotency_key)
){{strict}};
CREATE INDEX deposits_to_expire ON deposits (state, expires_at);
CREATE INDEX deposits_abandoned ON deposits (state, created_at);

CREATE TABLE files (
    deposit         {{text}} NOT NULL,
    number          {{int}}  NOT NULL,
    section         {{text}} NOT NULL REFERENCES sections (id),
    name            {{text}} NOT NULL,
    media_type      {{text}} NOT NULL,
    sha256          {{blob}} NOT NULL,
    crc32           {{int}}  NOT NULL,
    object_id       {{text}} NOT NULL,
    object_key      {{blob}},          -- wrapped; NULL once the file is gone
    object_length   {{int}}  NOT NULL,
    put_at          {{int}}  NOT NULL,
    PRIMARY KEY (deposit, number),
    FOREIGN KEY (section, deposit) REFERENCES deposits (section, id)
){{strict}};
CREATE INDEX files_of_deposit ON files (section, deposit);
CREATE UNIQUE INDEX files_by_object ON files (object_id);

CREATE TABLE links (
    id          {{text}} NOT NULL PRIMARY KEY,
    section     {{text}} NOT NULL REFERENCES sections (id),
    deposit     {{text}} NOT NULL,
    position    {{int}}  NOT NULL,
    recipient   {{text}} NOT NULL,
    token_hash  {{blob}} NOT NULL UNIQUE,
    failures    {{int}}  NOT NULL,
    next_try_at {{int}},
    UNIQUE (section, id),
    FOREIGN KEY (section, deposit) REFERENCES deposits (section, id)
){{strict}};
CREATE INDEX links_of_deposit ON links (section, deposit);

CREATE TABLE link_sessions (
    link            {{text}} NOT NULL,
    session_hash    {{blob}} NOT NULL,
    section         {{text}} NOT NULL REFERENCES sections (id),
    until           {{int}}  NOT NULL,
    PRIMARY KEY (link, session_hash),
    FOREIGN KEY (section, link) REFERENCES links (section, id)
){{strict}};
