-- The second factor (X-ACCOUNTS): the key of somebody's authenticator app, sealed, and recovery codes, hashed; and who gave the right password and owes a code.

CREATE TABLE second_factors (
    account             {{text}} NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    sealed_secret       {{blob}} NOT NULL, -- under the key of the account's section, or the installation's
    made_at             {{int}}  NOT NULL,
    confirmed_at        {{int}},           -- NULL: no right code was entered yet, and it does not count
    last_step           {{int}}            -- of the last code that was used: neither that code nor one before it is good again
){{strict}};

-- One row a code that was not used yet.
CREATE TABLE recovery_codes (
    account             {{text}} NOT NULL REFERENCES second_factors (account) ON DELETE CASCADE,
    code_hash           {{blob}} NOT NULL,
    PRIMARY KEY (account, code_hash)
){{strict}};

-- No session: good for minutes, and for nothing but to enter a code.
CREATE TABLE half_sign_ins (
    half_hash           {{blob}} NOT NULL PRIMARY KEY,
    account             {{text}} NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    made_at             {{int}}  NOT NULL,
    address             {{text}} NOT NULL
){{strict}};
CREATE INDEX half_sign_ins_of_account ON half_sign_ins (account);
CREATE INDEX half_sign_ins_by_time ON half_sign_ins (made_at);
