-- Sections, their domains, groups, users, and keys.

CREATE TABLE sections (
    id          {{text}} NOT NULL PRIMARY KEY,
    name        {{text}} NOT NULL,
    enabled     {{bool}} NOT NULL,
    mail_link   {{bool}} NOT NULL,
    autopilot   {{bool}} NOT NULL,
    settings    {{text}} NOT NULL, -- JSON
    created_at  {{int}}  NOT NULL,
    changed_at  {{int}}  NOT NULL
){{strict}};

-- A domain belongs to one section.
CREATE TABLE domains (
    domain      {{text}} NOT NULL PRIMARY KEY,
    section     {{text}} NOT NULL REFERENCES sections (id),
    position    {{int}}  NOT NULL
){{strict}};
CREATE INDEX domains_of_section ON domains (section);

CREATE TABLE user_groups (
    section     {{text}} NOT NULL REFERENCES sections (id),
    name        {{text}} NOT NULL,
    mail_link   {{bool}} NOT NULL,
    created_at  {{int}}  NOT NULL,
    changed_at  {{int}}  NOT NULL,
    PRIMARY KEY (section, name)
){{strict}};
CREATE UNIQUE INDEX one_mail_link_group ON user_groups (section) WHERE mail_link;

CREATE TABLE users (
    section         {{text}} NOT NULL REFERENCES sections (id),
    login_id        {{text}} NOT NULL,
    address         {{text}} NOT NULL,
    address_folded  {{text}} NOT NULL, -- in lower case, for comparing
    name            {{text}} NOT NULL,
    group_name      {{text}},
    default_user    {{bool}} NOT NULL,
    created_at      {{int}}  NOT NULL,
    changed_at      {{int}}  NOT NULL,
    PRIMARY KEY (section, login_id),
    FOREIGN KEY (section, group_name) REFERENCES user_groups (section, name)
){{strict}};
CREATE UNIQUE INDEX one_default_user ON users (section) WHERE default_user;
CREATE INDEX users_by_address ON users (section, address_folded);
CREATE INDEX users_by_group ON users (section, group_name);

-- No reference to sections in the next two: the installation's own keys belong to no customer.
CREATE TABLE section_keys (
    section     {{text}} NOT NULL,
    version     {{int}}  NOT NULL,
    wrapped     {{blob}} NOT NULL,
    created_at  {{int}}  NOT NULL,
    PRIMARY KEY (section, version)
){{strict}};

CREATE TABLE dkim_keys (
    domain      {{text}} NOT NULL,
    selector    {{text}} NOT NULL,
    algorithm   {{text}} NOT NULL,
    sealed_key  {{blob}} NOT NULL,
    section     {{text}} NOT NULL,
    created_at  {{int}}  NOT NULL,
    PRIMARY KEY (domain, selector),
    UNIQUE (domain, algorithm)
){{strict}};
