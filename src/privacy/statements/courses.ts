import { statement } from "../../platform/database/statement.ts";

// What a user may do and see in courses, and what they made there.

// plan: SEARCH courses USING INDEX courses_by_owner (owner_id=?)
export const ownedCourses = statement<[user: string]>("SELECT slug, title, created_at FROM courses WHERE owner_id = ?");

// plan: SEARCH course_members USING INDEX course_members_by_user (user_id=?)
export const membershipsOf = statement<[user: string]>(
  "SELECT course_slug, role, added_at FROM course_members WHERE user_id = ?",
);

/**
 * The learners whom a user observes, and the courses in which the user is observed. It does not say by whom, because
 * that is somebody else.
 */
// plan: COMPOUND QUERY
// plan: LEFT-MOST SUBQUERY
// plan: SEARCH course_observers USING INDEX course_observers_by_user (user_id=?)
// plan: UNION ALL
// plan: SEARCH course_observers USING INDEX course_observers_by_learner (learner_id=?)
export const observationsOf = statement<[user: string]>(
  `SELECT course_slug, learner_id, added_at FROM course_observers WHERE user_id = ?1
    UNION ALL SELECT course_slug, learner_id, added_at FROM course_observers WHERE learner_id = ?1`,
);

// plan: SEARCH course_invitation_uses USING INDEX course_invitation_uses_by_user (user_id=?)
export const invitationUsesOf = statement<[user: string]>(
  "SELECT invitation_id, used_at FROM course_invitation_uses WHERE user_id = ?",
);

// plan: SEARCH course_working_copies USING INDEX course_working_copies_by_writer (saved_by=?)
export const workingCopiesOf = statement<[user: string]>(
  "SELECT course_slug, revision, saved_at FROM course_working_copies WHERE saved_by = ?",
);

// plan: SEARCH courses USING INDEX courses_by_owner (owner_id=?)
export const renameOwner = statement<[user: string, pseudonym: string]>(
  "UPDATE courses SET owner_id = ?2 WHERE owner_id = ?1",
);

// plan: SEARCH course_versions USING INDEX course_versions_by_publisher (published_by=?)
export const renamePublisher = statement<[user: string, pseudonym: string]>(
  "UPDATE course_versions SET published_by = ?2 WHERE published_by = ?1",
);

// plan: SEARCH course_activations USING INDEX course_activations_by_actor (activated_by=?)
export const renameActivator = statement<[user: string, pseudonym: string]>(
  "UPDATE course_activations SET activated_by = ?2 WHERE activated_by = ?1",
);

// plan: SEARCH course_working_copies USING INDEX course_working_copies_by_writer (saved_by=?)
export const renameWriter = statement<[user: string, pseudonym: string]>(
  "UPDATE course_working_copies SET saved_by = ?2 WHERE saved_by = ?1",
);

// plan: SEARCH erasures USING INDEX erasures_by_requester (requested_by=?)
export const renameEraser = statement<[user: string, pseudonym: string]>(
  "UPDATE erasures SET requested_by = ?2 WHERE requested_by = ?1",
);

// plan: SEARCH service_keys USING INDEX service_keys_by_creator (created_by=?)
export const renameKeyMaker = statement<[user: string, pseudonym: string]>(
  "UPDATE service_keys SET created_by = ?2 WHERE created_by = ?1",
);

// plan: SEARCH course_writers USING INDEX course_writers_by_user (user_id=?)
export const dropWriter = statement<[user: string]>("DELETE FROM course_writers WHERE user_id = ?");

// plan: SEARCH course_members USING INDEX course_members_by_user (user_id=?)
export const dropMemberships = statement<[user: string]>("DELETE FROM course_members WHERE user_id = ?");

// plan: MULTI-INDEX OR
// plan: INDEX 1
// plan: SEARCH course_observers USING INDEX course_observers_by_user (user_id=?)
// plan: INDEX 2
// plan: SEARCH course_observers USING INDEX course_observers_by_learner (learner_id=?)
export const dropObservations = statement<[user: string]>(
  "DELETE FROM course_observers WHERE user_id = ?1 OR learner_id = ?1",
);

// plan: SEARCH course_invitation_uses USING INDEX course_invitation_uses_by_user (user_id=?)
export const dropInvitationUses = statement<[user: string]>("DELETE FROM course_invitation_uses WHERE user_id = ?");
