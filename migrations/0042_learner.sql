-- Addresses of calendars. An address holds a secret, of which only the hash is here: one for a user and a course.
CREATE TABLE calendar_feeds (
  id TEXT PRIMARY KEY, -- SHA-256 of the secret, hex
  user_id TEXT NOT NULL,
  course_slug TEXT NOT NULL REFERENCES courses (slug),
  created_at INTEGER NOT NULL,
  revision INTEGER NOT NULL DEFAULT 0,
  entries TEXT NOT NULL DEFAULT '[]' -- what subscribers were told last: item, instant, sequence; JSON
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX calendar_feeds_by_user ON calendar_feeds (user_id, course_slug);

-- Certificates: one for a learner and a course. The number is its place in the public list of what was revoked, so no number
-- is given twice, and an erased user's row stays without the user.
CREATE TABLE certificates (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE, -- 128 random bits, base64url
  user_id TEXT, -- NULL: the user was erased
  course_slug TEXT NOT NULL REFERENCES courses (slug),
  holder TEXT NOT NULL, -- the name as it was then
  title TEXT NOT NULL, -- of the course, as it was then; JSON by language
  issued_at INTEGER NOT NULL,
  revoked_at INTEGER,
  reason TEXT
) STRICT;
CREATE UNIQUE INDEX certificates_by_user ON certificates (user_id, course_slug);
CREATE INDEX certificates_by_course ON certificates (course_slug, number);
CREATE INDEX certificates_revoked ON certificates (number) WHERE revoked_at IS NOT NULL;

-- Where a learner stopped reading: thousandths of an item's text. At most 100 items for a learner and a course.
CREATE TABLE reading_places (
  user_id TEXT NOT NULL,
  course_slug TEXT NOT NULL REFERENCES courses (slug),
  item_id TEXT NOT NULL,
  place INTEGER NOT NULL CHECK (place BETWEEN 0 AND 1000),
  read_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, course_slug, item_id)
) STRICT, WITHOUT ROWID;

-- Up to when a learner has read the notices of a course, on any device.
CREATE TABLE notice_marks (
  user_id TEXT NOT NULL,
  course_slug TEXT NOT NULL REFERENCES courses (slug),
  read_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, course_slug)
) STRICT, WITHOUT ROWID;

-- What the staff of a course tell one learner.
CREATE TABLE learner_messages (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  course_slug TEXT NOT NULL REFERENCES courses (slug),
  sender_id TEXT NOT NULL,
  text TEXT NOT NULL,
  sent_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX learner_messages_by_user ON learner_messages (user_id, course_slug, sent_at);
CREATE INDEX learner_messages_by_sender ON learner_messages (sender_id);
CREATE INDEX learner_messages_by_time ON learner_messages (sent_at);
