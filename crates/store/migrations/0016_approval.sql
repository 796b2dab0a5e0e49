-- Approval (X-APPROVAL): who may approve, what is asked of a deposit, and what was decided.

ALTER TABLE users ADD COLUMN approver {{bool}} NOT NULL DEFAULT FALSE;
ALTER TABLE user_groups ADD COLUMN approval {{text}};        -- none, one; NULL: the section's rule
ALTER TABLE user_groups ADD COLUMN approvers {{text}};       -- JSON, login ids; NULL: every approver of the section

ALTER TABLE deposits ADD COLUMN approval {{bool}};           -- whether it must be approved: noted when it is begun, whatever the rule is later
ALTER TABLE deposits ADD COLUMN approval_group {{text}};     -- the group whose list of approvers counts
ALTER TABLE deposits ADD COLUMN message_id {{text}};         -- of the mail that it came with, for the thread of what its sender is told
ALTER TABLE deposits ADD COLUMN asked_at {{int}};            -- when its approvers were asked
ALTER TABLE deposits ADD COLUMN decide_by {{int}};           -- when it is rejected if nobody has decided
ALTER TABLE deposits ADD COLUMN decided_at {{int}};
ALTER TABLE deposits ADD COLUMN decided_by {{text}};         -- the approver's login id; NULL: nobody decided in time
ALTER TABLE deposits ADD COLUMN decided_reason {{text}};     -- why it was rejected
CREATE INDEX deposits_waiting ON deposits (section, state, decide_by);
CREATE INDEX deposits_undecided ON deposits (state, decide_by);
CREATE INDEX deposits_decided ON deposits (section, decided_by, decided_at);

-- Whether the notice in the mail says that its files must be approved: a bounce gives the same mail back.
ALTER TABLE mails ADD COLUMN approval {{bool}};
