-- Files that the virus check could not look into wholly, and that their section lets pass.

ALTER TABLE files ADD COLUMN unchecked {{text}};  -- why: encrypted, scan-limit; NULL: the check looked into all of it, or nothing scans
