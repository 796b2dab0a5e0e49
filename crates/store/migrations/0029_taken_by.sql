-- Who took a file, where they were signed in (X-RECEIVE, X-CANCEL): whose account it was, whatever address it had.

ALTER TABLE downloads ADD COLUMN taken_by {{text}};     -- NULL: by the link; or noted by a node that did not know this column
