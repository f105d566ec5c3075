import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Answer } from "../../../../client/index.ts";
import { request } from "../../../api/request.ts";
import { useLanguage } from "../../../i18n/index.ts";

export type PeoplePage = Answer<"/api/v1/courses/{course}/people", "get">;
export type Person = PeoplePage["results"][number];
export type Cohorts = Answer<"/api/v1/courses/{course}/cohorts", "get">;
export type PeopleAnswer = Answer<"/api/v1/courses/{course}/people/batch", "post">;
export type Invitations = Answer<"/api/v1/courses/{course}/invitations", "get">;
export type Invitation = Invitations["results"][number];
export type RosterRun = Answer<"/api/v1/courses/{course}/roster/runs/{id}", "get">;
export type RosterSources = Answer<"/api/v1/courses/{course}/roster/sources", "get">;
export type RosterSource = RosterSources["results"][number];
export type Members = Answer<"/api/v1/courses/{course}/members", "get">;
export type Observers = Answer<"/api/v1/courses/{course}/observers", "get">;
export type OverridesAnswer = Answer<"/api/v1/courses/{course}/overrides/batch", "post">;
export type ClassPage = Answer<"/api/v1/courses/{course}/class", "get">;
export type ClassCounts = Answer<"/api/v1/courses/{course}/class/counts", "get">;
export type EnrollmentDetail = Answer<"/api/v1/enrollments/{enrollment}", "get">;
export type MessagesSent = Answer<"/api/v1/courses/{course}/messages", "post">;
export type Certificates = Answer<"/api/v1/courses/{course}/certificates", "get">;
export type History = Answer<"/api/v1/enrollments/{enrollment}/history", "get">;

/** All data on these pages for one course is below this key: a write makes all of it load again. */
export const peopleKey = (course: string) => ["people", course] as const;

export interface PeopleFilter {
  search: string;
  cohort: string;
  status: "active" | "withdrawn";
}

export function usePeople(course: string, { search, cohort, status }: PeopleFilter, enabled = true) {
  return useInfiniteQuery({
    queryKey: [...peopleKey(course), "list", search, cohort, status],
    queryFn: ({ pageParam }) =>
      request<PeoplePage>(`/courses/${course}/people`, {
        query: {
          search: search === "" ? undefined : search,
          cohort: cohort === "" ? undefined : cohort,
          status,
          limit: 100,
          cursor: pageParam ?? undefined,
        },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
    enabled,
  });
}

export function useCohorts(course: string, enabled = true) {
  return useQuery({
    queryKey: [...peopleKey(course), "cohorts"],
    queryFn: () => request<Cohorts>(`/courses/${course}/cohorts`),
    enabled,
  });
}

/** By then the mirror has the write, milliseconds. */
const MIRROR_MS = 4_000;

/** A write on a course's people. Afterwards these pages load their data again. */
export function usePeopleWrite<In, Out>(course: string, send: (input: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: send,
    onSettled: () => {
      const again = () => client.invalidateQueries({ queryKey: peopleKey(course) });
      // The list comes from the mirror, which follows the learners' own records within seconds.
      window.setTimeout(() => void again(), MIRROR_MS);
      return again();
    },
  });
}

export interface PersonChange {
  user_id?: string;
  email?: string;
  cohorts?: string[];
  withdraw?: boolean;
}

export function useChangePeople(course: string) {
  return usePeopleWrite(course, (people: readonly PersonChange[]) =>
    request<PeopleAnswer>(`/courses/${course}/people/batch`, { method: "POST", body: { people } }),
  );
}

export function useLanguageQuery() {
  return { lang: useLanguage(), tz: Intl.DateTimeFormat().resolvedOptions().timeZone };
}

/** Typed names of cohorts. */
export function namesIn(text: string): string[] {
  return [...new Set(text.split(/[,;，；]/).map((name) => name.trim()))].filter((name) => name !== "");
}

/** The value of a field for date and time as an instant; null if it is empty. */
export function instantIn(value: string): string | null {
  return value === "" ? null : new Date(value).toISOString();
}
