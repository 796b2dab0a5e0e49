-- Who somebody is, whatever they are called (X-CANCEL, X-APPROVAL): an id of a user's own that is never used again. A login id may be, by another person.

ALTER TABLE users ADD COLUMN member_id {{text}};            -- NULL: put by a node of an older release, until it is put again
ALTER TABLE deposits ADD COLUMN depositor_member {{text}};  -- of the depositor; NULL: not known, or no user was there
ALTER TABLE deposits ADD COLUMN decided_member {{text}};    -- of the approver

-- Whoever is there has what there is. Ids that are made later have no slash in them.
UPDATE users SET member_id = section || '/' || login_id;
UPDATE deposits SET depositor_member = (SELECT member_id FROM users u WHERE u.section = deposits.section AND u.login_id = deposits.depositor),
    decided_member = (SELECT member_id FROM users u WHERE u.section = deposits.section AND u.login_id = deposits.decided_by);

CREATE UNIQUE INDEX users_by_member ON users (member_id);
DROP INDEX deposits_of_depositor;
CREATE INDEX deposits_of_member ON deposits (section, depositor_member, id);
DROP INDEX deposits_decided;
CREATE INDEX deposits_decided_by_member ON deposits (section, decided_member, decided_at);
