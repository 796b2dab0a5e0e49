-- Accounts, by which people sign in, and the sessions of those who have (X-ACCOUNTS).

ALTER TABLE users ADD COLUMN administrator {{bool}} NOT NULL DEFAULT FALSE;           -- of the section
ALTER TABLE users ADD COLUMN password_never_expires {{bool}} NOT NULL DEFAULT FALSE;

-- A user's account is made with the first invitation. An operator's has no section, and an address of its own.
CREATE TABLE accounts (
    id                  {{text}} NOT NULL PRIMARY KEY,
    section             {{text}},          -- NULL: an operator
    login_id            {{text}} NOT NULL,
    address             {{text}},          -- an operator's; a user's stands in users
    password_hash       {{text}},          -- argon2id, a PHC string; NULL: none is set
    password_set_at     {{int}},
    reset_at            {{int}},           -- when the password was taken away, until another is set
    failures            {{int}}  NOT NULL, -- wrong passwords since the last right one
    locked_at           {{int}},
    invitation_hash     {{blob}} UNIQUE,
    invitation_until    {{int}},
    created_at          {{int}}  NOT NULL,
    changed_at          {{int}}  NOT NULL,
    FOREIGN KEY (section, login_id) REFERENCES users (section, login_id) ON DELETE CASCADE
){{strict}};
CREATE UNIQUE INDEX one_account_a_user ON accounts (section, login_id) WHERE section IS NOT NULL;
CREATE UNIQUE INDEX one_operator_a_login_id ON accounts (login_id) WHERE section IS NULL;

CREATE TABLE sessions (
    session_hash        {{blob}} NOT NULL PRIMARY KEY,
    account             {{text}} NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    made_at             {{int}}  NOT NULL,
    seen_at             {{int}}  NOT NULL,
    address             {{text}} NOT NULL  -- whom it was made for
){{strict}};
CREATE INDEX sessions_of_account ON sessions (account, made_at);
CREATE INDEX sessions_by_seen ON sessions (seen_at);
