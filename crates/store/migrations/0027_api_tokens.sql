-- Tokens by which programs use the API for a section (X-API). One that was revoked or has ended stays: the log names it.

CREATE TABLE api_tokens (
    id              {{text}} NOT NULL PRIMARY KEY,
    section         {{text}} NOT NULL REFERENCES sections (id),
    name            {{text}} NOT NULL,
    token_hash      {{blob}} NOT NULL UNIQUE,   -- SHA-256: the token is shown once, when it is made
    scopes          {{text}} NOT NULL,          -- words with blanks between them
    made_by         {{text}} NOT NULL,          -- the administrator's login id: they may be gone later
    made_at         {{int}}  NOT NULL,
    expires_at      {{int}}  NOT NULL,
    revoked_by      {{text}},
    revoked_at      {{int}},
    used_at         {{int}}                     -- last, to the hour
){{strict}};
CREATE INDEX api_tokens_of_section ON api_tokens (section, id);
