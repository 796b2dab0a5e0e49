-- In which ways recipients prove who they are (ACCESS), and the one-time codes that they are mailed.

ALTER TABLE user_groups ADD COLUMN access {{text}};      -- JSON, the ways; NULL: the section's
ALTER TABLE deposits ADD COLUMN access {{text}};         -- JSON, noted when it is begun, whatever the policy is later; NULL: by password alone
ALTER TABLE mails ADD COLUMN with_password {{bool}};     -- whether the file password is in the mail: a bounce gives the same mail back; NULL: it is

-- One row a code that was mailed in the last while: how many there were is what limits them.
CREATE TABLE link_codes (
    link            {{text}} NOT NULL,
    browser_hash    {{blob}} NOT NULL,   -- of the secret of the browser that asked for it
    section         {{text}} NOT NULL REFERENCES sections (id),
    address         {{text}} NOT NULL,   -- whom it was mailed to, as addresses are compared
    code_hash       {{blob}},            -- of the code together with that secret; NULL: used, or another one came after it
    made_at         {{int}}  NOT NULL,
    until           {{int}}  NOT NULL,
    tries           {{int}}  NOT NULL,   -- that it was compared with
    PRIMARY KEY (link, browser_hash),
    FOREIGN KEY (section, link) REFERENCES links (section, id)
){{strict}};
CREATE INDEX link_codes_of_address ON link_codes (address, made_at);
CREATE INDEX link_codes_by_time ON link_codes (made_at);
