-- Who beside the owner has which rights in a course. At most 100 of a course: they are read with its pointer.
CREATE TABLE course_members (
  course_slug TEXT NOT NULL REFERENCES courses (slug),
  user_id TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('co_author', 'grader')),
  added_at INTEGER NOT NULL,
  PRIMARY KEY (course_slug, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX course_members_by_user ON course_members (user_id);

-- Who sees which learner of a course: a parent, a mentor.
CREATE TABLE course_observers (
  course_slug TEXT NOT NULL REFERENCES courses (slug),
  user_id TEXT NOT NULL,
  learner_id TEXT NOT NULL,
  added_at INTEGER NOT NULL,
  PRIMARY KEY (course_slug, user_id, learner_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX course_observers_by_user ON course_observers (user_id);
CREATE INDEX course_observers_by_learner ON course_observers (learner_id);

-- Links by which people enroll themselves. A link is signed, so nothing of it is stored but what it stands for. Who made it is
-- in the audit log.
CREATE TABLE course_invitations (
  id TEXT PRIMARY KEY,
  course_slug TEXT NOT NULL REFERENCES courses (slug),
  cohorts TEXT NOT NULL,
  max_uses INTEGER NOT NULL CHECK (max_uses BETWEEN 1 AND 10000),
  uses INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX course_invitations_by_course ON course_invitations (course_slug, created_at, id);
CREATE INDEX course_invitations_by_end ON course_invitations (expires_at);

-- Who came by a link: a repeat takes no second use.
CREATE TABLE course_invitation_uses (
  invitation_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  used_at INTEGER NOT NULL,
  PRIMARY KEY (invitation_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX course_invitation_uses_by_user ON course_invitation_uses (user_id);
