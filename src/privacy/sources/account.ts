import { directory } from "../../platform/database/shards.ts";
import { anyRow, idsIn, type UserColumn } from "../rows.ts";
import type { PersonalDataSource } from "../source.ts";
import {
  accountRow,
  devicesHeld,
  dropAccount,
  dropHeldDevices,
  dropHeldMails,
  dropHeldPasskeys,
  dropHeldSecondFactor,
  dropOutsideBan,
  dropSignInWays,
  dropVerifications,
  mailsHeld,
  outsideBan,
  passkeysHeld,
  secondFactorHeld,
  signInWays,
} from "../statements/account.ts";
import {
  directoryGroupsHeld,
  directoryPersonHeld,
  dropDirectoryMember,
  dropDirectoryPerson,
  dropGroupDue,
  dropGroupPlaces,
  dropHeldLtiLeaving,
  dropHeldLtiMemberships,
  dropHeldLtiPeople,
  dropHeldLtiResults,
  dropHeldLtiScores,
  dropHeldLtiUnknown,
  groupPlacesHeld,
  ltiMembershipsHeld,
  ltiPeopleHeld,
  ltiResultsHeld,
  ltiScoresHeld,
} from "../statements/other-systems.ts";

/** The columns of D1 that have user ids of this source. */
const PLACES: readonly UserColumn[] = [
  ["users", "id"],
  ["outside_bans", "user_id"],
  ["passkeys", "user_id"],
  ["second_factors", "user_id"],
  ["trusted_devices", "user_id"],
  ["mails", "user_id"],
  ["scim_users", "user_id"],
  ["scim_addresses", "user_id"],
  ["scim_members", "user_id"],
  ["group_places", "user_id"],
  ["group_due", "user_id"],
  ["lti_people", "user_id"],
  ["lti_scores", "user_id"],
  ["lti_members", "user_id"],
  ["lti_results", "user_id"],
  ["lti_leaving", "user_id"],
];

/**
 * The user, their ways to sign in, and one-time values sent to their address. It comes last, because the others are
 * found by it.
 */
export const accountSource: PersonalDataSource = {
  name: "account",
  holds: (env, user) => anyRow(directory(env), PLACES, user),
  people: (env, from) => idsIn(directory(env), PLACES, from),
  async *export(env, user) {
    const { results: rows } = await accountRow(directory(env), user).all<Record<string, unknown>>();
    for (const row of rows) yield { kind: "user", row };
    const bans = await outsideBan(directory(env), user).all<Record<string, unknown>>();
    for (const row of bans.results) yield { kind: "ban", row };
    // The export has neither the hash of the password nor tokens of another provider: they are keys, not data.
    const { results } = await signInWays(directory(env), user).all<Record<string, unknown>>();
    for (const row of results) yield { kind: "account", row };
    for (const [kind, held] of [
      ["passkey", passkeysHeld],
      ["second_factor", secondFactorHeld],
      ["trusted_device", devicesHeld],
      ["mail", mailsHeld],
      ["directory_person", directoryPersonHeld],
      ["directory_group", directoryGroupsHeld],
      ["group_place", groupPlacesHeld],
      ["lti_person", ltiPeopleHeld],
      ["lti_score", ltiScoresHeld],
      ["lti_membership", ltiMembershipsHeld],
      ["lti_result", ltiResultsHeld],
    ] as const) {
      const found = await held(directory(env), user).all<Record<string, unknown>>();
      for (const row of found.results) yield { kind, row };
    }
  },
  async erase(env, user) {
    await directory(env).batch([
      dropVerifications(directory(env), user),
      dropOutsideBan(directory(env), user),
      dropHeldPasskeys(directory(env), user),
      dropHeldSecondFactor(directory(env), user),
      dropHeldDevices(directory(env), user),
      dropHeldMails(directory(env), user),
      dropDirectoryMember(directory(env), user),
      dropDirectoryPerson(directory(env), user),
      dropGroupPlaces(directory(env), user),
      dropGroupDue(directory(env), user),
      // Found by who they are there, so before that is forgotten.
      dropHeldLtiUnknown(directory(env), user),
      dropHeldLtiPeople(directory(env), user),
      dropHeldLtiResults(directory(env), user),
      dropHeldLtiScores(directory(env), user),
      dropHeldLtiMemberships(directory(env), user),
      dropHeldLtiLeaving(directory(env), user),
      dropSignInWays(directory(env), user),
      dropAccount(directory(env), user),
    ]);
    return "done";
  },
};
