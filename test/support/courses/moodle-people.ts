import type { Files } from "./archives.ts";

/** A student of a backup, with what they did: `[activity, completion state, instant in seconds]`. */
export interface Student {
  id: number;
  username: string;
  email: string;
  enrolledAt: number;
  done?: readonly (readonly [activity: number, state: number, at: number])[];
  groups?: readonly number[];
}

/** A backup with these people in it: accounts, enrollments, groups, completion. @param kind of its activities. */
export function withPeople(files: Files, students: readonly Student[], kind = "page"): Files {
  const people: Record<string, string> = {
    "users.xml": `<users>${students
      .map(
        ({ id, username, email }) => `<user id="${id}"><username>${username}</username><email>${email}</email></user>`,
      )
      .join("")}</users>`,
    "course/enrolments.xml": `<enrolments><enrols><enrol id="1"><user_enrolments>${students
      .map(
        ({ id, enrolledAt }) =>
          `<enrolment id="${id}"><status>0</status><userid>${id}</userid><timestart>${enrolledAt}</timestart></enrolment>`,
      )
      .join("")}</user_enrolments></enrol></enrols></enrolments>`,
  };
  const groups = new Set(students.flatMap(({ groups = [] }) => groups));
  people["groups.xml"] = `<groups>${[...groups]
    .map(
      (group) =>
        `<group id="${group}"><name>G${group}</name><group_members>${students
          .filter((student) => student.groups?.includes(group))
          .map(({ id }) => `<group_member id="${id}"><userid>${id}</userid></group_member>`)
          .join("")}</group_members></group>`,
    )
    .join("")}</groups>`;
  for (const activity of new Set(students.flatMap(({ done = [] }) => done.map(([one]) => one)))) {
    people[`activities/${kind}_${activity}/completion.xml`] = `<completions>${students
      .flatMap(({ id, done = [] }) =>
        done
          .filter(([one]) => one === activity)
          .map(
            ([, state, at]) =>
              `<completion id="${id}"><userid>${id}</userid><completionstate>${state}</completionstate><viewed>1</viewed><timemodified>${at}</timemodified></completion>`,
          ),
      )
      .join("")}</completions>`;
  }
  return { ...files, ...people };
}
