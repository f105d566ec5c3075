import { directory } from "../../platform/database/shards.ts";
import { pseudonymOf } from "../pseudonym.ts";
import { anyRow, idsIn, type UserColumn } from "../rows.ts";
import type { PersonalDataSource } from "../source.ts";
import {
  dropInvitationUses,
  dropMemberships,
  dropObservations,
  dropWriter,
  invitationUsesOf,
  membershipsOf,
  observationsOf,
  ownedCourses,
  renameActivator,
  renameEraser,
  renameKeyMaker,
  renameOwner,
  renamePublisher,
  renameWriter,
  workingCopiesOf,
} from "../statements/courses.ts";
import { renameLtiOwner } from "../statements/other-systems.ts";
import {
  dropRosterGrants,
  dropRosterPeople,
  renameRosterOwner,
  renameRunOwner,
  rosterPeopleOf,
} from "../statements/rosters.ts";

/** The columns of D1 that have user ids of this source. */
const PLACES: readonly UserColumn[] = [
  ["courses", "owner_id"],
  ["course_versions", "published_by"],
  ["course_activations", "activated_by"],
  ["course_working_copies", "saved_by"],
  ["course_writers", "user_id"],
  ["course_members", "user_id"],
  ["course_observers", "user_id"],
  ["course_observers", "learner_id"],
  ["course_invitation_uses", "user_id"],
  ["roster_people", "user_id"],
  ["roster_grants", "user_id"],
  ["roster_grants", "learner_id"],
  ["roster_sources", "owner"],
  ["roster_runs", "owner"],
  ["lti_platforms", "owner"],
];

/**
 * The rights of a user in courses are removed, and so are those who observed them. Courses that the user wrote, and
 * erasures that an admin requested, stay because they are not theirs alone: the name of the writer, publisher,
 * activator or admin is replaced by one that leads to nobody.
 */
export const coursesSource: PersonalDataSource = {
  name: "courses",
  holds: (env, user) => anyRow(directory(env), PLACES, user),
  people: (env, from) => idsIn(directory(env), PLACES, from),
  async *export(env, user) {
    const { results } = await ownedCourses(directory(env), user).all<Record<string, unknown>>();
    for (const row of results) yield { kind: "authored_course", row };
    for (const [kind, rows] of [
      ["course_membership", membershipsOf],
      ["course_observation", observationsOf],
      ["invitation_use", invitationUsesOf],
      ["roster_person", rosterPeopleOf],
      ["working_copy", workingCopiesOf],
    ] as const) {
      const found = await rows(directory(env), user).all<Record<string, unknown>>();
      for (const row of found.results) yield { kind, row };
    }
  },
  async erase(env, user) {
    const pseudonym = await pseudonymOf(user);
    await directory(env).batch([
      renameOwner(directory(env), user, pseudonym),
      renamePublisher(directory(env), user, pseudonym),
      // If the user is an admin who erased others before.
      renameEraser(directory(env), user, pseudonym),
      renameKeyMaker(directory(env), user, pseudonym),
      renameActivator(directory(env), user, pseudonym),
      renameWriter(directory(env), user, pseudonym),
      dropWriter(directory(env), user),
      dropMemberships(directory(env), user),
      dropObservations(directory(env), user),
      dropInvitationUses(directory(env), user),
      dropRosterPeople(directory(env), user),
      dropRosterGrants(directory(env), user),
      renameRosterOwner(directory(env), user, pseudonym),
      renameRunOwner(directory(env), user, pseudonym),
      renameLtiOwner(directory(env), user, pseudonym),
    ]);
    return "done";
  },
};
